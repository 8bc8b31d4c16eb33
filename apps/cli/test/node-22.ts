import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const version = "22.23.3";
const cache = join(
  import.meta.dirname,
  "..",
  "..",
  "..",
  "node_modules",
  ".cache",
  `node-${version}`,
);

/** The path of a Node 22, fetched through npm once; or why there is none. */
export async function findNode22(): Promise<{ path: string } | { reason: string }> {
  if (process.versions.node.startsWith("22.")) return { path: process.execPath };
  const { platform, arch } = process;
  const name = `node-${platform === "win32" ? "win" : platform}-${arch}`;
  const path = join(cache, "node_modules", name, "bin", "node");
  if (existsSync(path)) return { path };
  try {
    await mkdir(cache, { recursive: true });
    const args = ["install", "--prefix", cache, "--no-audit", "--no-fund", "--ignore-scripts"];
    await promisify(execFile)("npm", [...args, `${name}@${version}`], { timeout: 60_000 });
    return existsSync(path) ? { path } : { reason: `${name} has no bin/node` };
  } catch (error) {
    return { reason: (error as Error).message.split("\n")[0] ?? "npm failed" };
  }
}
