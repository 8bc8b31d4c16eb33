import { accessSync, constants, existsSync, statfsSync } from "node:fs";
import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { commandHelp } from "../help.ts";
import { formatBytes, plural } from "../terminal.ts";

/** One check: what was looked at, how it is, and what to do about it. */
interface Check {
  readonly name: string;
  readonly status: "ok" | "warn" | "fail";
  readonly message: string;
}

/** Less free space than this is worth a warning, in bytes. */
const freeBytesMin = 1024 ** 3;

/** `reseal doctor` */
export function doctorCommand(context: CommandContext): Command {
  return new Command("doctor")
    .description("Check this machine and the store")
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal doctor", "when something is odd"],
          ["reseal doctor --json", "for a bug report or a monitor"],
          ["reseal --store ../other/.reseal doctor", "another store"],
        ],
        { 0: "all well, perhaps with warnings", 1: "something fails" },
      ),
    )
    .action(async () => {
      const checks: Check[] = [
        { name: "node", status: "ok", message: `Node ${process.versions.node}` },
        checkClock(),
        ...(await checkWorkspace(context)),
        ...(await checkStore(context)),
      ];
      context.exitCode = checks.some(({ status }) => status === "fail") ? 1 : 0;
      context.result("doctor/v1", { checks }, () => render(context, checks));
    });
}

function checkClock(): Check {
  const isSet = Date.now() > Date.UTC(2026, 0, 1);
  return isSet
    ? { name: "clock", status: "ok", message: new Date().toISOString() }
    : { name: "clock", status: "fail", message: "The clock is before 2026. Set it." };
}

async function checkWorkspace(context: CommandContext): Promise<Check[]> {
  const { findWorkspace, readProjectConfig } = await import("@reseal/record");
  const workspace = findWorkspace(context.host.cwd);
  const checks: Check[] = [{ name: "workspace", status: "ok", message: workspace }];
  try {
    const config = await readProjectConfig(workspace);
    const keys = Object.keys(config);
    const message = keys.length === 0 ? "no settings" : `sets ${keys.join(", ")}`;
    checks.push({ name: "reseal.yaml", status: "ok", message });
  } catch (error) {
    checks.push({ name: "reseal.yaml", status: "fail", message: (error as Error).message });
  }
  return checks;
}

async function checkStore(context: CommandContext): Promise<Check[]> {
  try {
    await using stores = await context.openStores();
    const { items } = await stores.catalog.listRuns({ tenant: stores.tenant, limit: 1 });
    const { bavail, bsize } = statfsSync(stores.location);
    const free = bavail * bsize;
    const indexed = await stores.catalog.journalOffset();
    const journal = await stores.journal.size("seals");
    return [
      { name: "store", status: "ok", message: stores.location },
      {
        name: "writable",
        status: stores.readOnly ? "warn" : "ok",
        message: stores.readOnly ? "read-only: nothing can be recorded here" : "yes",
      },
      {
        name: "free space",
        status: free < freeBytesMin ? "warn" : "ok",
        message: formatBytes(free),
      },
      {
        name: "catalog",
        status: indexed === journal ? "ok" : "warn",
        message: `${items.length === 0 ? "no runs yet" : "readable"}, journal ${plural(journal, "byte")}`,
      },
      checkSync(),
    ];
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "CONNECT_STORE_NOT_FOUND")
      return [
        { name: "store", status: "ok", message: "none yet; the first run makes it" },
        checkFolder(context.host.cwd),
      ];
    return [{ name: "store", status: "fail", message: (error as Error).message }];
  }
}

function checkFolder(folder: string): Check {
  try {
    accessSync(folder, constants.W_OK);
    return { name: "folder", status: "ok", message: "can be written" };
  } catch {
    return { name: "folder", status: "warn", message: `${folder} cannot be written` };
  }
}

function checkSync(): Check {
  const isThere = ["/usr/bin/sync", "/bin/sync"].some((path) => existsSync(path));
  return isThere
    ? { name: "sync", status: "ok", message: "one sync for a whole batch" }
    : { name: "sync", status: "warn", message: "no sync command: files are synced one by one" };
}

function render(context: CommandContext, checks: readonly Check[]): string {
  const { out } = context;
  const marks = { ok: out.green("ok  "), warn: out.yellow("warn"), fail: out.red("FAIL") };
  const width = Math.max(...checks.map(({ name }) => name.length));
  return checks
    .map(({ name, status, message }) => `${marks[status]}  ${name.padEnd(width)}  ${message}`)
    .join("\n");
}
