import { closeSync, openSync, writeSync } from "node:fs";
import type { RedactStream } from "@reseal/redact";
import type { RunRedactor } from "./run-redactor.ts";

/** A log on disk that never holds a secret: bytes are redacted on their way in. */
export class LogCapture {
  readonly path: string;
  readonly #stream: RedactStream;
  readonly #handle: number;
  #isOpen = true;

  constructor(path: string, redactor: RunRedactor) {
    this.path = path;
    this.#stream = redactor.stream();
    this.#handle = openSync(path, "ax", 0o600);
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
    for (let offset = 0; offset < bytes.byteLength; )
      offset += writeSync(this.#handle, bytes, offset);
  }
}
