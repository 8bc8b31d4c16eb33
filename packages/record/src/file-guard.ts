import { createHmac } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { compareUtf8 } from "@reseal/hash";
import type { Finding, Redactor } from "@reseal/redact";
import type { BlobBatch, OperationOptions } from "@reseal/store";
import type { CapturedFile } from "./code-tree.ts";
import { redactName } from "./redact-name.ts";

/** A file that was not stored because it holds what looks like a secret. */
export interface WithheldFile {
  readonly path: string;
  readonly size: number;
  /** `hmac-sha256:` and 64 hex, with a key that never leaves the store. */
  readonly keyed_digest: string;
  readonly rules: string[];
}

/** Files up to this many bytes are read at once. */
const wholeBytesMax = 8 * 1024 * 1024;
/** How much of a file decides whether it is text. */
const sniffBytes = 64 * 1024;

/**
 * Stands between the user's files and the store: scans, never changes.
 *
 * A file with a secret, in its bytes or in its name, is withheld whole; its name (redacted), size,
 * keyed digest and the rules that found it are kept. Binary files are scanned for exact known
 * values only.
 */
export class FileGuard {
  readonly #redactor: Redactor;
  readonly #allows: (path: string) => boolean;
  readonly #key: Uint8Array;
  readonly #withheld = new Map<string, WithheldFile>();

  constructor(
    redactor: Redactor,
    allows: (path: string) => boolean,
    key: Uint8Array,
    withheldBefore: readonly WithheldFile[] = [],
  ) {
    this.#redactor = redactor;
    this.#allows = allows;
    this.#key = key;
    for (const file of withheldBefore) this.#withheld.set(file.path, file);
  }

  /** All files withheld so far, by path; `code/`, `inputs/` or `outputs/` stands in front. */
  get withheld(): readonly WithheldFile[] {
    return [...this.#withheld.values()].sort((a, b) => compareUtf8(a.path, b.path));
  }

  /** Whether the user said that the file may hold a secret. */
  allows(path: string): boolean {
    return this.#allows(path);
  }

  /** Scan a file held in memory; `true` when it must not be stored. */
  withholds(path: string, bytes: Uint8Array, root: string): boolean {
    if (this.#allows(path)) return false;
    const findings = [
      ...redactName(this.#redactor, path).findings,
      ...this.#redactor.scan(bytes, { binary: isBinary(bytes) }),
    ];
    if (findings.length === 0) return false;
    const digest = createHmac("sha256", this.#key).update(bytes).digest("hex");
    this.#note(`${root}/${path}`, bytes.byteLength, digest, findings);
    return true;
  }

  /**
   * Scan a local file and stage it.
   * @returns `undefined` when the file is withheld.
   * @throws `STORE_FILE_CHANGED` when it changes while it is read.
   */
  async capture(
    batch: BlobBatch,
    file: { readonly full: string; readonly path: string; readonly root: string },
    { signal }: OperationOptions = {},
  ): Promise<CapturedFile | undefined> {
    const { size, mode } = statSync(file.full);
    const isExecutable = (mode & 0o100) !== 0;
    if (size <= wholeBytesMax) {
      const bytes = await readFile(file.full, { signal });
      if (this.withholds(file.path, bytes, file.root)) return undefined;
      const { digest } = await batch.put(bytes, { signal });
      return { path: file.path, digest, size: bytes.byteLength, isExecutable };
    }
    if (!this.#allows(file.path) && (await this.#withholdsLarge(file, size))) return undefined;
    const info = await batch.putFile(file.full, { signal });
    return { path: file.path, digest: info.digest, size: info.size, isExecutable };
  }

  async #withholdsLarge(
    file: { readonly full: string; readonly path: string; readonly root: string },
    size: number,
  ): Promise<boolean> {
    const scanner = this.#redactor.scanner({ binary: await isBinaryFile(file.full) });
    for await (const chunk of createReadStream(file.full, { highWaterMark: 1024 * 1024 }))
      scanner.push(chunk as Buffer);
    const findings = [...redactName(this.#redactor, file.path).findings, ...scanner.end()];
    if (findings.length === 0) return false;
    const hmac = createHmac("sha256", this.#key);
    for await (const chunk of createReadStream(file.full, { highWaterMark: 1024 * 1024 }))
      hmac.update(chunk as Buffer);
    this.#note(`${file.root}/${file.path}`, size, hmac.digest("hex"), findings);
    return true;
  }

  #note(path: string, size: number, hex: string, findings: readonly Finding[]): void {
    const name = redactName(this.#redactor, path).text;
    this.#withheld.set(name, {
      path: name,
      size,
      keyed_digest: `hmac-sha256:${hex}`,
      rules: [...new Set(findings.map((finding) => finding.rule))].sort(),
    });
  }
}

function isBinary(bytes: Uint8Array): boolean {
  return bytes.subarray(0, sniffBytes).includes(0);
}

async function isBinaryFile(path: string): Promise<boolean> {
  await using handle = await open(path);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(sniffBytes), 0, sniffBytes, 0);
  return isBinary(buffer.subarray(0, bytesRead));
}
