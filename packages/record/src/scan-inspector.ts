import { createHmac } from "node:crypto";
import { createRedactor, type Finding, type KnownSecret, type Redactor } from "@reseal/redact";
import type { FileInspector } from "@reseal/store";

/** A redactor for files, with what another thread needs to make the like of it. */
export interface FileScans extends Redactor {
  readonly secrets: readonly KnownSecret[];
}

/** A redactor for files that knows some secrets. */
export function openScans(secrets: readonly KnownSecret[]): FileScans {
  return { ...createRedactor({ secrets }), secrets };
}

/** What an inspector of another thread is made from. It stays in memory. */
export interface ScanData {
  readonly secrets: readonly KnownSecret[];
  /** For the digests of withheld files. */
  readonly key: Uint8Array;
}

/**
 * How a file is looked at: code must be text; of what is binary only known values are looked for;
 * `allowed` code may hold secrets.
 */
export type ScanAs = "file" | "code" | "allowed-code";

/** Why a file is refused. */
export type ScanVerdict =
  | { readonly kind: "binary" }
  | {
      readonly kind: "secret";
      readonly rules: readonly string[];
      /** 64 hex; absent for a large file, of which only pieces were seen. */
      readonly hmac?: string;
    };

/** How much of a file decides whether it is text. */
const sniffBytes = 64 * 1024;

/** What the module of an `InspectorSource` exports. */
export function createInspector(data: unknown): FileInspector {
  const { secrets, key } = data as ScanData;
  return scanInspector(openScans(secrets), key);
}

/** Looks for secrets in files, with the redactor of this thread. */
export function scanInspector(redactor: FileScans, key: Uint8Array): FileInspector {
  const knowsNothing = redactor.secrets.length === 0;
  return {
    whole(bytes, inspectAs): ScanVerdict | undefined {
      const as = inspectAs as ScanAs;
      if (as !== "file" && bytes.includes(0)) return { kind: "binary" };
      const binary = isBinary(bytes);
      if (as === "allowed-code" || (binary && knowsNothing)) return undefined;
      const findings = redactor.scan(bytes, { binary });
      if (findings.length === 0) return undefined;
      return verdictOf(findings, createHmac("sha256", key).update(bytes).digest("hex"));
    },
    pieces(first) {
      const binary = isBinary(first);
      if (binary && knowsNothing) return { push: () => undefined, end: () => undefined };
      const scanner = redactor.scanner({ binary });
      return {
        push: (piece) => scanner.push(piece),
        end: () => {
          const findings = scanner.end();
          return findings.length === 0 ? undefined : verdictOf(findings);
        },
      };
    },
  };
}

function verdictOf(findings: readonly Finding[], hmac?: string): ScanVerdict {
  const rules = findings.map((finding) => finding.rule);
  return { kind: "secret", rules, ...(hmac !== undefined && { hmac }) };
}

function isBinary(bytes: Uint8Array): boolean {
  return bytes.subarray(0, sniffBytes).includes(0);
}
