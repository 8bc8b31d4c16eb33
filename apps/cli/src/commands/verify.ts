import { basename, resolve } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type BundleReader,
  type Finding,
  isIntegrityFinding,
  type LineageReport,
  openStoredBundle,
  type VerifyReport,
  verifyBundle,
  verifyLineage,
} from "@reseal/bundle";
import { isResealError } from "@reseal/errors";
import type { Digest } from "@reseal/hash";
import type { Stores } from "@reseal/store";
import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { cliErrors } from "../errors.ts";
import { commandHelp } from "../help.ts";
import { namesPath, openPath } from "../open-named.ts";
import { progressLine } from "../progress.ts";
import { resolveSeal } from "../resolve-run.ts";
import { formatBytes, harmless, plural, shortDigest } from "../terminal.ts";

/** What one bundle's check came to; a bundle that cannot be opened has only findings. */
type Checked = Pick<VerifyReport, "location" | "findings"> & Partial<VerifyReport>;

/** `reseal verify [ID|PATH|--all]` */
export function verifyCommand(context: CommandContext): Command {
  return new Command("verify")
    .description(
      "Read every byte again: digests, schemas, pointers, trees, missing and extra files",
    )
    .argument("[id-or-path]", "a run of the store, or an exported bundle: a folder or a ZIP file")
    .option("--all", "every run of the store")
    .option("--lineage", "also the chain of parents, and with a run all its ancestors")
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal verify @last", "one run"],
          ["reseal verify ./bundle", "an exported bundle"],
          ["reseal verify run.zip", "the same in a ZIP file"],
          ["reseal verify --all", "the whole store"],
          ["reseal verify @last --lineage", "a run and all that it derives from"],
        ],
        {
          0: "intact",
          1: "other findings",
          3: "not found",
          4: "a digest, key or seal differs",
          5: "a ZIP file that is not safe to read",
        },
      ),
    )
    .action(async (name: string | undefined, flags: { all?: boolean; lineage?: boolean }) => {
      if ((name === undefined) === (flags.all !== true))
        throw cliErrors.USAGE("Give one run, folder or ZIP file, or --all.");
      const checked = await verifyNamed(context, name, flags.lineage === true);
      const findings = checked.flatMap((report) => report.findings);
      const bytes = checked.reduce((sum, report) => sum + (report.bytes ?? 0), 0);
      const files = checked.reduce((sum, report) => sum + (report.files ?? 0), 0);
      context.exitCode = exitCodeOf(findings);
      const data = {
        bundles: checked.length,
        files,
        bytes,
        findings: findings.length,
        items: checked,
      };
      context.result("verify/v1", data, () => {
        const { out } = context;
        const lines = checked
          .filter((report) => report.findings.length > 0)
          .flatMap((report) => [
            `${out.red("damaged")}  ${report.location}`,
            ...report.findings.map(
              ({ code, path, message }) => `  ${code}  ${harmless(path)}: ${harmless(message)}`,
            ),
          ]);
        if (findings.length === 0)
          lines.push(
            `${out.green("intact")}  ${plural(checked.length, "bundle")}, ` +
              `${plural(files, "file")}, ${formatBytes(bytes)}`,
          );
        return lines.join("\n");
      });
    });
}

async function verifyNamed(
  context: CommandContext,
  name: string | undefined,
  withLineage: boolean,
): Promise<Checked[]> {
  if (name !== undefined && namesPath(context, name)) {
    if (withLineage)
      throw cliErrors.USAGE("--lineage follows parents in a store; import the bundle first.");
    const path = resolve(context.host.cwd, name);
    return [await check(context, path, () => openPath(path))];
  }
  await using stores = await context.openStores();
  const checked: Checked[] = [];
  const verified = new Map<string, number>();
  if (name !== undefined) {
    const seal = await resolveSeal(context, stores, name);
    if (withLineage) return await checkChain(context, stores, seal, verified);
    return [await checkStored(context, stores, seal, verified)];
  }
  for await (const { seal, open } of openedAhead(stores)) {
    const location = `run with seal ${shortDigest(seal)}`;
    const report = await check(context, location, open, verified);
    const { findings } = withLineage
      ? await verifyLineage(stores, seal, { signal: context.signal })
      : noLineage;
    checked.push({ ...report, findings: [...report.findings, ...(findings.get(seal) ?? [])] });
  }
  return checked;
}

const noLineage: Pick<LineageReport, "findings"> = { findings: new Map() };

/** A run and all its ancestors, each with what is wrong about its links. */
async function checkChain(
  context: CommandContext,
  stores: Stores,
  seal: Digest,
  verified: Map<string, number>,
): Promise<Checked[]> {
  const { findings, ancestors } = await verifyLineage(stores, seal, { signal: context.signal });
  const checked: Checked[] = [];
  for (const each of [seal, ...ancestors]) {
    const report = await checkStored(context, stores, each, verified);
    checked.push({ ...report, findings: [...report.findings, ...(findings.get(each) ?? [])] });
  }
  return checked;
}

/** Files of a run for which a store uses all cores. */
const manyFiles = 1000;

async function* allSeals(stores: Stores): AsyncGenerator<Digest> {
  let after: string | undefined;
  do {
    const page = await stores.catalog.listRuns({
      tenant: stores.tenant,
      sort: "created_at",
      order: "asc",
      limit: 1000,
      after,
    });
    if (page.items.some(({ files }) => files >= manyFiles)) stores.blobs.prepare?.();
    for (const run of page.items) yield run.seal;
    after = page.next ?? undefined;
  } while (after !== undefined);
}

interface OpenedAhead {
  readonly seal: Digest;
  readonly open: () => Promise<BundleReader>;
}

/** All seals; while one is checked, which other threads do as well, the next one is opened. */
async function* openedAhead(stores: Stores): AsyncGenerator<OpenedAhead> {
  let ahead: OpenedAhead | undefined;
  let before: Promise<unknown> = Promise.resolve();
  for await (const seal of allSeals(stores)) {
    const opening = before.then(nextTurn).then(() => openStoredBundle(stores, seal));
    before = opening.catch(() => undefined); // Its turn comes.
    if (ahead !== undefined) yield ahead;
    ahead = { seal, open: () => opening };
  }
  if (ahead !== undefined) yield ahead;
}

function checkStored(
  context: CommandContext,
  stores: Stores,
  seal: Digest,
  verified?: Map<string, number>,
): Promise<Checked> {
  const open = (): Promise<BundleReader> => openStoredBundle(stores, seal);
  return check(context, `run with seal ${shortDigest(seal)}`, open, verified);
}

/** A bundle that cannot even be opened is a finding, so that the others are still checked. */
async function check(
  context: CommandContext,
  location: string,
  open: () => Promise<BundleReader>,
  verified?: Map<string, number>,
): Promise<Checked> {
  const progress = progressLine(context);
  try {
    const reader = await open();
    return await verifyBundle(reader, {
      signal: context.signal,
      verified,
      onProgress: ({ path, bytes }) => progress.show(`${formatBytes(bytes)}  ${harmless(path)}`),
    });
  } catch (error) {
    if (!isResealError(error) || error.exitCode !== 4) {
      const isMissing = isResealError(error) && error.code === "STORE_BLOB_NOT_FOUND";
      if (!isMissing) throw error;
    }
    const code = "digest_mismatch" as const;
    const path = error.code.startsWith("BUNDLE_ZIP_") ? basename(location) : "manifest.json";
    return { location, findings: [{ code, path, message: error.message }] };
  } finally {
    progress.clear();
  }
}

function exitCodeOf(findings: readonly Finding[]): number {
  if (findings.some(isIntegrityFinding)) return 4;
  return findings.length > 0 ? 1 : 0;
}
