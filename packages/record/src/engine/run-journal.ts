import { AsyncLocalStorage } from "node:async_hooks";
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { canonicalJson, type JsonObject } from "@reseal/hash";
import type { Context } from "@reseal/schema";
import type { Clock } from "@reseal/store";
import { capturedNameProblems } from "../captured-names.ts";
import { recordErrors } from "../errors.ts";
import { LogCapture } from "../log-capture.ts";
import type { RunRedactor } from "../run-redactor.ts";
import type { Spool } from "../spool.ts";
import type { ExecutionContext, SpanOptions } from "./executor.ts";
import { type SpanLine, spoolNames } from "./observability.ts";

/** The ways in which an executor tells what it does. */
type Telling = Omit<ExecutionContext, "seed" | "parameters" | "calibration" | "signal">;

/**
 * Writes what an in-process executor tells into the spool, as a child process would: what was
 * written when this process dies is sealed by the next one.
 */
export class RunJournal implements Telling {
  readonly #spool: Spool;
  readonly #clock: Clock;
  readonly #lane: string;
  readonly #log: LogCapture;
  readonly #errorLog: LogCapture;
  readonly #handles = new Map<string, number>();
  readonly #span = new AsyncLocalStorage<string>();
  #spanCount = 0;
  #isOpen = true;

  constructor(spool: Spool, options: { clock: Clock; redactor: RunRedactor; lane: string }) {
    this.#spool = spool;
    this.#clock = options.clock;
    this.#lane = options.lane;
    mkdirSync(spool.path(spoolNames.folder));
    this.#log = new LogCapture(spool.path("logs", "stdout.log"), options.redactor);
    this.#errorLog = new LogCapture(spool.path("logs", "stderr.log"), options.redactor);
  }

  get warnings(): Context["warnings"] {
    return [...this.#log.warnings, ...this.#errorLog.warnings];
  }

  readonly emit: Telling["emit"] = ({ type, severity = "info", attrs }) => {
    this.#append(["run", "events.jsonl"], {
      event_type: type,
      severity,
      time: new Date(this.#clock.now()).toISOString(),
      ...(attrs && { attrs }),
    });
  };

  readonly control: Telling["control"] = (name, attrs = {}) => {
    this.emit({ type: `control.${name}`, attrs: { ...attrs, control: true } });
    this.count("control_events");
  };

  readonly calibrated: Telling["calibrated"] = (state) => {
    this.#append(spoolNames.calibration, JSON.parse(canonicalJson(state)) as JsonObject);
  };

  readonly metric: Telling["metric"] = (name, value, step) => {
    this.#append(["run", "metrics.jsonl"], {
      name,
      value: Number.isFinite(value) ? value : String(value),
      ...(step !== undefined && { step }),
    });
  };

  readonly output: Telling["output"] = (path, bytes) => {
    this.#assertOpen();
    const problem = capturedNameProblems("outputs", [path]).get(path);
    if (problem !== undefined)
      throw recordErrors.INPUT_INVALID(
        `The output ${JSON.stringify(path)} is refused: ${problem}.`,
      );
    const full = this.#spool.path("out", path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, bytes);
  };

  readonly log: Telling["log"] = (text) => {
    this.#assertOpen();
    this.#log.write(Buffer.from(text.endsWith("\n") ? text : `${text}\n`));
  };

  readonly count: Telling["count"] = (name, by = 1) => {
    this.#append(spoolNames.measures, { counter: name, by });
  };

  readonly gauge: Telling["gauge"] = (name, value) => {
    this.#append(spoolNames.measures, { gauge: name, value });
  };

  readonly span: Telling["span"] = async (name, work, options = {}) => {
    this.#assertOpen();
    this.#spanCount += 1;
    const id = this.#spanCount.toString(16).padStart(16, "0");
    const parent = this.#span.getStore();
    const startedMs = this.#clock.now();
    let status = "ok";
    try {
      return await this.#span.run(id, work);
    } catch (error) {
      status = "error";
      throw error;
    } finally {
      this.#endSpan({ id, parent, name, startedMs, status }, options);
    }
  };

  /** A line for `logs/stderr.log`: why the run failed. */
  complain(text: string): void {
    this.#errorLog.write(Buffer.from(`${text}\n`));
  }

  /** Nothing can be told any more. May be called twice. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const handle of this.#handles.values()) closeSync(handle);
    this.#log.close();
    this.#errorLog.close();
  }

  #endSpan(
    { id, parent, name, startedMs, status }: EndedSpan,
    { lane = this.#lane, attributes = {} }: SpanOptions,
  ): void {
    if (!this.#isOpen) return; // The run was cut off; a span that never ended is not one.
    const line: SpanLine = {
      id,
      ...(parent !== undefined && { parent }),
      name,
      start_iso: new Date(startedMs).toISOString(),
      end_iso: new Date(this.#clock.now()).toISOString(),
      lane,
      attributes: { ...attributes, status },
    };
    this.#append(spoolNames.spans, line);
  }

  #append(path: readonly string[], value: JsonObject | SpanLine): void {
    this.#assertOpen();
    const name = path.join("/");
    const handle = this.#handles.get(name) ?? openSync(this.#spool.path(...path), "a", 0o600);
    this.#handles.set(name, handle);
    writeSync(handle, `${JSON.stringify(value)}\n`);
  }

  #assertOpen(): void {
    if (!this.#isOpen) throw recordErrors.RUN_ENDED("The run has ended and is sealed.");
  }
}

interface EndedSpan {
  readonly id: string;
  readonly parent: string | undefined;
  readonly name: string;
  readonly startedMs: number;
  readonly status: string;
}
