import type { Environment, Gpu } from "@reseal/schema";

/** A difference of two environments, in words. */
export interface EnvironmentDifference {
  /** Where it lies; the last five are not part of the environment key. */
  readonly aspect:
    | "packages"
    | "runtime"
    | "hardware"
    | "device"
    | "calibration"
    | "threads"
    | "variables"
    | "locale"
    | "timezone"
    | "machine";
  /** What differs, for example `node`, `package numpy`, `processor`. */
  readonly name: string;
  /** Value in the original; absent when it has none. */
  readonly expected?: string;
  readonly actual?: string;
}

/** How two environments differ, comparable part and the rest, aspect by aspect. */
export function environmentDifferences(
  original: Environment,
  candidate: Environment,
): EnvironmentDifference[] {
  const [a, b] = [original.comparable, candidate.comparable];
  const found: EnvironmentDifference[] = [];
  const add = (
    aspect: EnvironmentDifference["aspect"],
    name: string,
    expected: string | undefined,
    actual: string | undefined,
  ): void => {
    if (expected === actual) return;
    found.push({
      aspect,
      name,
      ...(expected !== undefined && { expected }),
      ...(actual !== undefined && { actual }),
    });
  };
  add("runtime", "runtime", runtimeText(a.runtime), runtimeText(b.runtime));
  add("runtime", "operating system", systemText(a.os), systemText(b.os));
  addMap(add, "packages", "package ", a.packages, b.packages);
  add("hardware", "architecture", a.os.arch, b.os.arch);
  add("hardware", "processor", a.cpu.model, b.cpu.model);
  add("hardware", "processor features", featureText(a, b), featureText(b, a));
  add("hardware", "graphics cards", gpuText(a.gpu), gpuText(b.gpu));
  addDevice(add, a.device, b.device);
  addMap(add, "device", "feature flag ", texts(a.feature_flags), texts(b.feature_flags));
  addMap(add, "threads", "", original.threads, candidate.threads);
  addMap(
    (aspect, name, ...values) => add(aspectOf(name) ?? aspect, name, ...values),
    "variables",
    "",
    original.variables,
    candidate.variables,
  );
  add("locale", "locale", original.locale, candidate.locale);
  add("timezone", "time zone", original.timezone, candidate.timezone);
  add("threads", "number of processors", text(original.cpu_count), text(candidate.cpu_count));
  add("machine", "container", original.container?.image, candidate.container?.image);
  return found;
}

/** A difference as a person reads it: `node 20.20.2 -> 24.21.0`. */
export function differenceText({ name, expected, actual }: EnvironmentDifference): string {
  return `${name} ${expected ?? "(absent)"} -> ${actual ?? "(absent)"}`;
}

/** Variables that say no more than the locale or the time zone. */
function aspectOf(variable: string): "locale" | "timezone" | undefined {
  if (variable === "TZ") return "timezone";
  return /^(LC_\w+|LANG|LANGUAGE)$/.test(variable) ? "locale" : undefined;
}

type Add = (
  aspect: EnvironmentDifference["aspect"],
  name: string,
  expected: string | undefined,
  actual: string | undefined,
) => void;

function addMap(
  add: Add,
  aspect: EnvironmentDifference["aspect"],
  prefix: string,
  a: Readonly<Record<string, string>> = {},
  b: Readonly<Record<string, string>> = {},
): void {
  for (const key of [...new Set([...Object.keys(a), ...Object.keys(b)])].sort())
    add(aspect, prefix + key, own(a, key), own(b, key));
}

function own(values: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(values, key) ? values[key] : undefined;
}

type Device = NonNullable<Environment["comparable"]["device"]>;

function addDevice(add: Add, a: Device | undefined, b: Device | undefined): void {
  const { calibration_date: calibratedA, ...restA } = a ?? {};
  const { calibration_date: calibratedB, ...restB } = b ?? {};
  const keys = [...new Set([...Object.keys(restA), ...Object.keys(restB)])].sort();
  for (const key of keys)
    add(
      "device",
      key.replaceAll("_", " "),
      text((restA as Record<string, unknown>)[key]),
      text((restB as Record<string, unknown>)[key]),
    );
  add("calibration", "calibration date", calibratedA, calibratedB);
}

type Comparable = Environment["comparable"];

function runtimeText({ name, version, implementation }: Comparable["runtime"]): string {
  return `${name} ${version}${implementation === undefined ? "" : ` (${implementation})`}`;
}

function systemText({ name, version }: Comparable["os"]): string {
  return `${name} ${version}`;
}

/** The features that only the first has: a full list is long and mostly the same. */
function featureText(first: Comparable, second: Comparable): string | undefined {
  const others = new Set(second.cpu.features);
  const only = (first.cpu.features ?? []).filter((feature) => !others.has(feature));
  return only.length === 0 ? undefined : only.join(" ");
}

function gpuText(cards: readonly Gpu[] | undefined): string | undefined {
  return cards?.map(({ name, driver }) => `${name}, driver ${driver}`).join("; ");
}

function texts(
  values: Readonly<Record<string, unknown>> | undefined,
): Record<string, string> | undefined {
  return (
    values && Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]))
  );
}

function text(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}
