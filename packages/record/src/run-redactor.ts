import { type Finding, type RedactStream, secretsFromEnvironment } from "@reseal/redact";
import { redactName } from "./redact-name.ts";
import { type FileScans, openScans } from "./scan-inspector.ts";

/** One run's redactor: what it replaced is counted for the manifest. */
export class RunRedactor {
  /** For scanning files, which counts nothing because it changes nothing. */
  readonly scans: FileScans;
  readonly #counts = new Map<string, number>();
  readonly #streams: RedactStream[] = [];

  /** Known secrets come from the environment that the child sees. */
  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.scans = openScans(secretsFromEnvironment(env));
  }

  json<Value>(value: Value): Value {
    const { value: redacted, findings } = this.scans.json(value);
    this.#count(findings);
    return redacted;
  }

  argv(args: readonly string[]): string[] {
    const { argv, findings } = this.scans.argv(args);
    this.#count(findings);
    return [...argv];
  }

  /** The same for a file's path. */
  name(path: string): string {
    const { text, findings } = redactName(this.scans, path);
    this.#count(findings);
    return text;
  }

  stream(): RedactStream {
    const stream = this.scans.stream();
    this.#streams.push(stream);
    return stream;
  }

  /** How often each rule replaced something, in all that was written so far. */
  get counts(): Readonly<Record<string, number>> {
    const all = new Map(this.#counts);
    for (const { findings } of this.#streams)
      for (const { rule, count } of findings) all.set(rule, (all.get(rule) ?? 0) + count);
    return Object.fromEntries([...all].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #count(findings: readonly Finding[]): void {
    for (const { rule, count } of findings)
      this.#counts.set(rule, (this.#counts.get(rule) ?? 0) + count);
  }
}
