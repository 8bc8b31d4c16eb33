import type {
  IgnoreRules,
  KeyColumns,
  MetricTolerance,
  NanPolicy,
  Tolerance,
} from "@reseal/schema";
import { replayErrors } from "./errors.ts";

/**
 * How far a number may be from the original's: `|a - b| <= absolute + relative * |a|`, or at most
 * `ulp` units in the last place. `nan: "different"` makes NaN differ from NaN.
 */
export type NumberTolerance = Readonly<MetricTolerance>;

/** What a caller may say about the numbers of some metrics or files; what is absent is 0. */
export interface NumberToleranceOptions {
  readonly absolute?: number | undefined;
  readonly relative?: number | undefined;
  /** Units in the last place, in the format of the number: binary64 in text, the dtype in arrays. */
  readonly ulp?: number | undefined;
  /** Whether NaN equals NaN; `equal` unless given. */
  readonly nan?: NanPolicy | undefined;
}

/** What may differ in any way. Files are matched by path, see {@link ToleranceOptions.files}. */
export interface IgnoreOptions {
  /** Files, by path or glob. */
  readonly paths?: readonly string[] | undefined;
  /** JSON Pointers, with all below them; a segment `*` is any key or index. */
  readonly pointers?: readonly string[] | undefined;
  /** Columns of tables, by name, or by number from 1 where there is no header. */
  readonly columns?: readonly string[] | undefined;
}

/**
 * What a caller may say about tolerance; a {@link parseTolerance} file has the same form.
 *
 * A glob is matched as in `--out`: `*.npy` lies at the top, `**` stands for any folders. Where
 * several match, the exact name wins, then the glob with the most literal characters.
 */
export interface ToleranceOptions extends NumberToleranceOptions {
  /** Tolerances of metrics by name or glob, in place of the ones above. */
  readonly metrics?: Readonly<Record<string, NumberToleranceOptions>> | undefined;
  /** Tolerances of files by path or glob, in place of the ones above. */
  readonly files?: Readonly<Record<string, NumberToleranceOptions>> | undefined;
  /** Key columns of tables by path or glob: their rows are paired by these, not by position. */
  readonly keys?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly ignore?: IgnoreOptions | undefined;
}

/** The tolerance of one file: that of its numbers, and what in it is not looked at. */
export interface PayloadTolerance extends NumberTolerance {
  readonly ignore?: Pick<IgnoreOptions, "pointers" | "columns"> | undefined;
  /** Columns of a table whose cells together name a row. */
  readonly key?: readonly string[] | undefined;
}

/** No difference at all. */
export const exact: NumberTolerance = { absolute: 0, relative: 0 };

/**
 * A tolerance with nothing left open, as a report holds it.
 * @throws `REPLAY_TOLERANCE_INVALID` for what is negative, NaN or infinite, an ulp that is no
 * integer, a pointer that is none, or a table without a key column.
 */
export function completeTolerance(options: ToleranceOptions = {}): Tolerance {
  const { metrics, files, keys, ignore } = options;
  return {
    ...completeNumbers(options, ""),
    ...(isFilled(metrics) && { metrics: completeEach(metrics, "metric") }),
    ...(isFilled(files) && { files: completeEach(files, "file") }),
    ...(isFilled(keys) && { keys: completeKeys(keys) }),
    ...(ignore && hasRules(ignore) && { ignore: completeIgnore(ignore) }),
  };
}

/** One tolerance over another: what the first says about a key wins; maps and lists are joined. */
export function mergeTolerance(over: ToleranceOptions, under: ToleranceOptions): ToleranceOptions {
  const lists = (key: keyof IgnoreOptions): readonly string[] => [
    ...new Set([...(under.ignore?.[key] ?? []), ...(over.ignore?.[key] ?? [])]),
  ];
  return {
    absolute: over.absolute ?? under.absolute,
    relative: over.relative ?? under.relative,
    ulp: over.ulp ?? under.ulp,
    nan: over.nan ?? under.nan,
    metrics: { ...under.metrics, ...over.metrics },
    files: { ...under.files, ...over.files },
    keys: { ...under.keys, ...over.keys },
    ignore: { paths: lists("paths"), pointers: lists("pointers"), columns: lists("columns") },
  };
}

function completeNumbers(options: NumberToleranceOptions, of: string): MetricTolerance {
  const { absolute = 0, relative = 0, ulp = 0, nan = "equal" } = options;
  for (const [name, value] of Object.entries({ absolute, relative, ulp }))
    if (!Number.isFinite(value) || value < 0 || (name === "ulp" && !Number.isSafeInteger(value)))
      throw replayErrors.TOLERANCE_INVALID(`The ${name} tolerance${of} cannot be ${value}.`);
  if (nan !== "equal" && nan !== "different")
    throw replayErrors.TOLERANCE_INVALID(`NaN${of} is "equal" or "different", not "${nan}".`);
  // What is as by default is left out, so that it reads as it was before there was a choice.
  return { absolute, relative, ...(ulp > 0 && { ulp }), ...(nan !== "equal" && { nan }) };
}

function completeEach(
  named: Readonly<Record<string, NumberToleranceOptions>>,
  what: string,
): Record<string, MetricTolerance> {
  return Object.fromEntries(
    Object.entries(named).map(([name, options]) => [
      name,
      completeNumbers(options, ` of ${what} ${name}`),
    ]),
  );
}

function completeKeys(keys: Readonly<Record<string, readonly string[]>>): KeyColumns {
  return Object.fromEntries(
    Object.entries(keys).map(([path, columns]) => {
      if (columns.length === 0)
        throw replayErrors.TOLERANCE_INVALID(`No key column is named for the tables ${path}.`);
      return [path, [...columns]];
    }),
  );
}

function completeIgnore(ignore: IgnoreOptions): IgnoreRules {
  const wrong = ignore.pointers?.find((pointer) => !/^(\/([^~/]|~[01])*)*$/.test(pointer));
  if (wrong !== undefined)
    throw replayErrors.TOLERANCE_INVALID(`${JSON.stringify(wrong)} is not a JSON Pointer.`, {
      hint: "A JSON Pointer starts with a slash: /timing or /points/*/elapsed",
    });
  return {
    ...(ignore.paths?.length && { paths: [...ignore.paths] }),
    ...(ignore.pointers?.length && { pointers: [...ignore.pointers] }),
    ...(ignore.columns?.length && { columns: [...ignore.columns] }),
  };
}

function isFilled<T extends object>(map: T | undefined): map is T {
  return map !== undefined && Object.keys(map).length > 0;
}

function hasRules({ paths, pointers, columns }: IgnoreOptions): boolean {
  return [paths, pointers, columns].some((list) => (list?.length ?? 0) > 0);
}
