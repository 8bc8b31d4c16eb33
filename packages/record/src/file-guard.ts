import { strict as assert } from "node:assert";
import { createHmac } from "node:crypto";
import { createReadStream } from "node:fs";
import type { ResealError } from "@reseal/errors";
import { compareUtf8 } from "@reseal/hash";
import {
  type BlobBatch,
  type BulkOptions,
  type InspectorSource,
  type PutFileResult,
  siblingModule,
} from "@reseal/store";
import type { CapturedFile } from "./code-tree.ts";
import { redactName } from "./redact-name.ts";
import { type FileScans, type ScanAs, type ScanVerdict, scanInspector } from "./scan-inspector.ts";

/** A file that was not stored because it holds what looks like a secret. */
export interface WithheldFile {
  readonly path: string;
  readonly size: number;
  /** `hmac-sha256:` and 64 hex, with a key that never leaves the store. */
  readonly keyed_digest: string;
  readonly rules: string[];
}

/** A local file that is to be captured. */
export interface GuardedFile {
  /** Absolute. */
  readonly full: string;
  /** Its path below `root` in the bundle. */
  readonly path: string;
  readonly root: "code" | "inputs" | "outputs";
  /** As it was seen, by which the work is divided. */
  readonly size: number;
  readonly isExecutable: boolean;
}

/**
 * What became of a file: captured, withheld because of a secret, not text where only text is
 * taken, or the error of reading it.
 */
export type GuardedResult = CapturedFile | "withheld" | "binary" | ResealError;

/**
 * Stands between the user's files and the store: scans, never changes.
 *
 * A file with a secret, in its bytes or in its name, is withheld whole; its name (redacted), size,
 * keyed digest and the rules that found it are kept. Binary files are scanned for exact known
 * values only.
 */
export class FileGuard {
  readonly #scans: FileScans;
  readonly #allows: (path: string) => boolean;
  readonly #key: Uint8Array;
  readonly #inspector: InspectorSource;
  readonly #withheld = new Map<string, WithheldFile>();

  constructor(
    scans: FileScans,
    allows: (path: string) => boolean,
    key: Uint8Array,
    withheldBefore: readonly WithheldFile[] = [],
  ) {
    this.#scans = scans;
    this.#allows = allows;
    this.#key = key;
    this.#inspector = {
      inspector: scanInspector(scans, key),
      module: siblingModule(import.meta.url, "scan-inspector").href,
      data: { secrets: scans.secrets, key },
    };
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

  /**
   * Scan local files and stage them; the results are in the order of the files.
   * @throws what is wrong with the store; what is wrong with a file is its result.
   */
  async capture(
    batch: BlobBatch,
    files: readonly GuardedFile[],
    options: BulkOptions = {},
  ): Promise<GuardedResult[]> {
    const badNames = this.#secretNames(files);
    const others = files.filter((file) => !badNames.has(file));
    const results = await batch.putFiles(
      others.map((file) => ({ path: file.full, size: file.size, inspectAs: this.#scanAs(file) })),
      { ...options, inspector: this.#inspector },
    );
    const rest = results.values();
    const guarded: GuardedResult[] = [];
    for (const file of files) {
      const rules = badNames.get(file);
      guarded.push(
        rules === undefined
          ? await this.#resultOf(file, rest.next().value)
          : await this.#withhold(file, file.size, { rules }),
      );
    }
    return guarded;
  }

  /** Files whose name holds a secret, with the rules that found it. */
  #secretNames(files: readonly GuardedFile[]): ReadonlyMap<GuardedFile, readonly string[]> {
    const found = new Map<GuardedFile, readonly string[]>();
    const paths = files.map(({ path }) => path).join("\n");
    // One look at all names, and at all their parts, is enough nearly always.
    const texts = [paths, paths.replaceAll(/[./]/g, "\n")];
    if (texts.every((text) => this.#scans.text(text).findings.length === 0)) return found;
    for (const file of files) {
      const { findings } = redactName(this.#scans, file.path);
      if (findings.length > 0 && !this.#allows(file.path))
        found.set(
          file,
          findings.map(({ rule }) => rule),
        );
    }
    return found;
  }

  #scanAs({ path, root }: GuardedFile): ScanAs | undefined {
    const isAllowed = this.#allows(path);
    if (root === "code") return isAllowed ? "allowed-code" : "code";
    return isAllowed ? undefined : "file";
  }

  async #resultOf(file: GuardedFile, result: PutFileResult | undefined): Promise<GuardedResult> {
    assert(result !== undefined);
    if (result.status === "failed") return result.error;
    const { path, isExecutable } = file;
    if (result.status === "stored")
      return { path, digest: result.digest, size: result.size, isExecutable };
    const verdict = result.verdict as ScanVerdict;
    if (verdict.kind === "binary") return "binary";
    return await this.#withhold(file, result.size, verdict);
  }

  async #withhold(
    { root, path, full }: GuardedFile,
    size: number,
    { rules, hmac }: { readonly rules: readonly string[]; readonly hmac?: string },
  ): Promise<"withheld"> {
    const name = redactName(this.#scans, `${root}/${path}`).text;
    this.#withheld.set(name, {
      path: name,
      size,
      keyed_digest: `hmac-sha256:${hmac ?? (await this.#hmacOf(full))}`,
      rules: [...new Set(rules)].sort(),
    });
    return "withheld";
  }

  async #hmacOf(path: string): Promise<string> {
    const hmac = createHmac("sha256", this.#key);
    for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }))
      hmac.update(chunk as Buffer);
    return hmac.digest("hex");
  }
}
