import { type BundleReader, bundlePaths, openStoredBundle, readJson } from "@reseal/bundle";
import { assertValid, type Environment } from "@reseal/schema";
import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { cliErrors } from "../errors.ts";
import { commandHelp } from "../help.ts";
import { resolveSeal } from "../resolve-run.ts";
import { harmless, shortDigest } from "../terminal.ts";

interface EnvFlags {
  readonly diff?: string;
}

/** `reseal env ID` */
export function envCommand(context: CommandContext): Command {
  return new Command("env")
    .description("The environment of a run, or how those of two runs differ")
    .argument("<id>", "run id, artifact id, seal, a unique prefix, or @last")
    .option("--diff <id>", "another run: only what differs between the two")
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal env @last", "runtime, packages, system, processor, device"],
          ["reseal env 3f2a --diff 9c1d", "why results may differ"],
        ],
        {
          0: "printed; with --diff nothing differs",
          1: "they differ",
          3: "not found",
          4: "damaged",
        },
      ),
    )
    .action(async (id: string, { diff }: EnvFlags) => {
      await using stores = await context.openStores();
      const open = async (name: string): Promise<BundleReader> =>
        await openStoredBundle(stores, await resolveSeal(context, stores, name));
      const reader = await open(id);
      const { run_id, env_key } = reader.manifest.context;
      const environment = await readEnvironment(reader);
      if (diff === undefined) {
        const data = { run_id, env_key, environment, other: null, differences: null };
        context.result("env/v1", data, () => render(environment, env_key, context));
        return;
      }
      const other = await open(diff);
      const { environmentDifferences } = await import("@reseal/replay");
      const differences = environmentDifferences(environment, await readEnvironment(other));
      const named = {
        run_id: other.manifest.context.run_id,
        env_key: other.manifest.context.env_key,
      };
      context.exitCode = differences.length === 0 ? 0 : 1;
      const data = { run_id, env_key, environment: null, other: named, differences };
      context.result("env/v1", data, () =>
        differences.length === 0
          ? "the same environment"
          : differences
              .map(({ aspect, name, expected, actual }) =>
                harmless(
                  `${aspect.padEnd(11)}  ${name}  ${expected ?? "(absent)"} -> ${actual ?? "(absent)"}`,
                ),
              )
              .join("\n"),
      );
    });
}

async function readEnvironment(reader: BundleReader): Promise<Environment> {
  const value = await readJson(reader, bundlePaths.environment);
  if (value !== undefined) return await assertValid("environment", value);
  throw cliErrors.PATH_NOT_FOUND(`Run ${reader.manifest.context.run_id} recorded no environment.`, {
    hint: "What `reseal seal` makes of a folder has none: nothing was run.",
  });
}

function render(
  {
    comparable,
    locale,
    timezone,
    cpu_count,
    memory_bytes,
    threads,
    variables,
    invariants,
  }: Environment,
  key: string | null,
  { out }: CommandContext,
): string {
  const { runtime, os, cpu, gpu = [], device, packages, feature_flags } = comparable;
  const lines: readonly (readonly [string, string | number | undefined])[] = [
    ["env key", key === null ? undefined : shortDigest(key)],
    ["runtime", `${runtime.name} ${runtime.version}`],
    ["system", `${os.name} ${os.version} ${os.arch}`],
    ["processor", cpu.model],
    ...gpu.map(({ name, driver }) => ["graphics", `${name}, driver ${driver}`] as const),
    ["device", device && JSON.stringify(device)],
    ["flags", feature_flags && JSON.stringify(feature_flags)],
    ["processors", cpu_count],
    ["memory", memory_bytes],
    ["locale", locale],
    ["time zone", timezone],
    ...pairs("threads", threads),
    ...pairs("variable", variables),
    ...(invariants ?? []).map(
      ({ name, value, unit = "" }) =>
        ["condition", `${name} ${JSON.stringify(value)} ${unit}`.trimEnd()] as const,
    ),
    ...pairs("package", packages, " "),
  ];
  return lines
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${out.bold(name.padEnd(10))}  ${harmless(String(value))}`)
    .join("\n");
}

function pairs(
  title: string,
  values: Readonly<Record<string, string>> = {},
  between = "=",
): (readonly [string, string])[] {
  return Object.entries(values).map(([name, value]) => [title, `${name}${between}${value}`]);
}
