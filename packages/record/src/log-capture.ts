import { closeSync, openSync, writeSync } from "node:fs";
import { basename } from "node:path";
import type { RedactStream } from "@reseal/redact";
import type { Context } from "@reseal/schema";
import type { RunRedactor } from "./run-redactor.ts";

/**
 * A log on disk that never holds a secret: bytes are redacted on their way in.
 *
 * A log that cannot be written any more, because the disk is full, ends there and does not end the
 * run: `warnings` says so.
 */
export class LogCapture {
  readonly path: string;
  readonly #stream: RedactStream;
  readonly #handle: number;
  #isOpen = true;
  #failure: string | undefined;

  constructor(path: string, redactor: RunRedactor) {
    this.path = path;
    this.#stream = redactor.stream();
    this.#handle = openSync(path, "ax", 0o600);
  }

  get warnings(): Context["warnings"] {
    if (this.#failure === undefined) return [];
    const message = `${basename(this.path)} is not whole: ${this.#failure}.`;
    return [{ code: "LOG_NOT_WHOLE", message }];
  }

  write(chunk: Uint8Array): void {
    this.#append(this.#stream.push(chunk));
  }

  /** Write what the redactor still held back, and close. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      this.#append(this.#stream.end());
    } finally {
      closeSync(this.#handle);
    }
  }

  #append(bytes: Uint8Array): void {
    if (this.#failure !== undefined) return;
    try {
      for (let offset = 0; offset < bytes.byteLength; )
        offset += writeSync(this.#handle, bytes, offset);
    } catch (error) {
      this.#failure = error instanceof Error ? error.message : String(error);
    }
  }
}
