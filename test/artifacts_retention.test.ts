// Seed 004: every command line that it prints, as it is written, with `cryptorun` for `reseal`, over
// a folder of five families and 60 runs. What they print is held against golden files.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import { validate } from "@reseal/schema";
import { afterAll, beforeAll, expect, test } from "vitest";
import { typist } from "../apps/cli/test/typist.ts";
import { parseStrictYaml } from "../packages/hash/dist/index.js";
import { writeRetentionTree } from "./retention-tree.ts";

const main = join(import.meta.dirname, "..", "apps", "cli", "bin", "main.js");
const golden = join(import.meta.dirname, "golden", "retention");

let folder: string;
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "reseal-retention-")));
  writeRetentionTree(join(folder, "artifacts"));
  mkdirSync(join(folder, "bin"));
  // The original's name for the program; `verify all` is the suite whose runs are kept.
  const script = [
    "#!/bin/sh",
    'if [ "$1 $2" = "verify all" ]; then',
    "  echo '{}' > artifacts/greenwall/verification_20250905_120000_pass.json",
    "  exit",
    "fi",
    `exec "${process.execPath}" "${main}" "$@"`,
    "",
  ].join("\n");
  for (const path of ["bin/cryptorun", "cryptorun"]) {
    writeFileSync(join(folder, path), script);
    chmodSync(join(folder, path), 0o755);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function shell(command: string): Ended {
  const { status, stdout, stderr } = spawnSync("sh", ["-c", command], {
    cwd: folder,
    encoding: "utf8",
    input: "",
    env: { PATH: [join(folder, "bin"), process.env.PATH].join(delimiter), HOME: folder },
  });
  return { status, stdout, stderr };
}

/** Without what differs from day to day. */
function steady(text: string): string {
  return text
    .replaceAll(folder, ".")
    .replaceAll(/\d{4}-\d{2}-\d{2}T[\d:.]+Z/g, "TIME")
    .replaceAll(/gc_report_\d{8}_\d{6}/g, "gc_report_STAMP")
    .replaceAll(/20(?:2[6-9]|[3-9]\d)-\d{2}-\d{2} \d{2}:\d{2}:\d{2}/g, "NOW")
    .replaceAll(/\r/g, "");
}

async function expectGolden(name: string, text: string): Promise<void> {
  await expect(steady(text)).toMatchFileSnapshot(join(golden, `${name}.txt`));
}

test("S4-040…S4-052, S4-093, S4-100…S4-104, S4-108, S4-117, S4-134, S4-143, S4-153 list: all, one family, as JSON, with paths", async () => {
  for (const [name, command] of [
    ["list", "cryptorun artifacts list"],
    ["list-proofs", "cryptorun artifacts list --family proofs"],
    ["list-greenwall", "cryptorun artifacts list --verbose --family greenwall"],
    ["list-tree", "cryptorun artifacts list --tree --family proofs"],
  ] as const) {
    const { status, stdout } = shell(command);
    expect(status).toBe(0);
    await expectGolden(name, stdout);
  }

  const json = shell("cryptorun artifacts list --json");
  expect(await validate("output.artifacts-list", JSON.parse(json.stdout))).toEqual([]);
  expect(json.stdout.trimEnd().split("\n")).toHaveLength(1);
});

test("S4-053…S4-062, S4-114, S4-116, S4-130, S4-134, S4-140, S4-152 gc: a dry run changes no byte; without a terminal nothing is deleted; then it is", async () => {
  const tree = (): string => shell("find artifacts -type f | sort | xargs sha256sum").stdout;
  const before = tree();
  const dry = shell("cryptorun artifacts gc --dry-run");
  expect(dry.status).toBe(0);
  await expectGolden("gc-dry-run", dry.stdout);
  expect(tree()).toBe(before);
  expect(shell("cryptorun artifacts gc --detailed-exitcode").status).toBe(10);

  const refused = shell("cryptorun artifacts gc --apply");
  expect(refused.status).toBe(2);
  expect(refused.stderr).toContain("Run: reseal artifacts gc --apply --force");
  expect(tree()).toBe(before);

  cpSync(join(folder, "artifacts"), join(folder, "copy"), { recursive: true });
  const applied = shell("cryptorun artifacts gc --apply --force");
  expect(applied.status, applied.stderr).toBe(0);
  await expectGolden("gc-apply", applied.stdout);
  await expectGolden("trash-list", shell("cryptorun artifacts trash list").stdout);
});

test("S4-087, S4-161 an undone gc leaves the tree that was there before", () => {
  const [report] = readdirSync(join(folder, "artifacts/.trash")).filter((name) =>
    /^gc_report_\d{8}_\d{6}\.md$/.test(name),
  );

  expect(shell(`cryptorun artifacts restore --report ${report}`).status).toBe(0);

  const state =
    "-x .trash -x .manifest.json -x .manifest.backup.json -x .manifest.cache -x .manifest.known.json";
  expect(shell(`diff -r ${state} artifacts copy`)).toEqual({ status: 0, stdout: "", stderr: "" });
  expect(shell("cryptorun artifacts audit --verify").status).toBe(0);
});

test("S4-056, S4-150 on a terminal gc asks, and an answer other than yes changes nothing", async () => {
  const typed = (keys: string): Ended =>
    shell(`python3 -c '${typist}' '[y/N]' '${keys}\\r' cryptorun artifacts gc --apply`);

  const declined = typed("n");
  expect(declined.status).toBe(5);
  // Agreed to was what was shown, not what another run made of it meanwhile.
  const added = "artifacts/bench/p99_20250930_143022_pass.json";
  const overtaken = shell(
    `MEANWHILE='echo 1 > ${added}' python3 -c '${typist}' '[y/N]' 'y\\r' cryptorun artifacts gc --apply`,
  );
  expect(overtaken.status).toBe(5);
  expect(overtaken.stdout).toContain("is not about what is there now");
  rmSync(join(folder, added));
  const accepted = typed("y");
  expect(accepted.status).toBe(0);
  expect(steady(accepted.stdout)).toContain("Move 7 entries");
  expect(accepted.stdout).toContain("Deleted: 7 entries");
  const nothing = shell("cryptorun artifacts gc --apply"); // So there is nothing to ask about.
  expect(nothing.status, nothing.stderr).toBe(0);
  expect(nothing.stdout).toContain("Deleted: 0 entries");
});

test("S4-122, S4-124, S4-146 what is in the trash can be put back by hand, and has the same id then", () => {
  const [id = ""] = readdirSync(join(folder, "artifacts/.trash")).filter((name) =>
    /^[0-9a-f]{8}$/.test(name),
  );

  expect(shell(`ls ./artifacts/.trash/${id}/`).status).toBe(0);
  expect(shell(`cp -r ./artifacts/.trash/${id}/* ./artifacts/`).status).toBe(0);
  expect(shell("cryptorun artifacts scan --force").status).toBe(0);

  expect(shell("cryptorun artifacts list").stdout).toContain(id);
  expect(shell(`cryptorun artifacts restore ${id}`).status).toBe(0);
});

test("S4-049, S4-078…S4-080, S4-164 pin: exactly one of --on and --off; a pin keeps what gc would delete", async () => {
  shell("cryptorun artifacts restore $(ls artifacts/.trash | grep -E '^[0-9a-f]{8}$')");

  const on = shell("cryptorun artifacts pin --id a1b2c3d4 --on");
  expect(on.status, on.stderr).toBe(0);
  await expectGolden("pin-on", on.stdout);
  await expectGolden("why-pinned", shell("cryptorun artifacts why a1b2c3d4").stdout);
  const ascii = shell("cryptorun artifacts list --family proofs --ascii").stdout;
  expect(ascii).toMatch(/^a1b2c3d4 .* P {6}2$/m);
  expect(/^[ -~\n]*$/.test(ascii)).toBe(true);
  expect(shell("cryptorun artifacts gc --json").stdout).toContain('"pinned_kept":1');
  expect(shell("cryptorun artifacts pin --id a1b2c3d4 --off").status).toBe(0);

  expect(shell("cryptorun artifacts pin --id a1b2c3d4").status).toBe(2);
  expect(shell("cryptorun artifacts pin --id a1b2c3d4 --on --off").status).toBe(2);
  expect(shell("cryptorun artifacts pin --id 99999999 --on").status).toBe(3);
});

test("S4-081…S4-083, S4-162 scan: a recent manifest is used, a forced scan is not put off", async () => {
  const recent = shell("cryptorun artifacts scan --verbose");
  expect(recent.status).toBe(0);
  expect(recent.stdout).toContain("The manifest is recent");
  expect(recent.stderr).toContain("Files of a family are one entry when");
  const forced = shell("cryptorun artifacts scan --force");
  expect(forced.stderr).toMatch(/^scanned 116 files, \d+ read/m);
  await expectGolden("scan", forced.stdout);
  await expectGolden("du", shell("cryptorun artifacts du").stdout.replace(/\(manifest\).*/, ""));
});

test("a folder of which no family has a file says so", () => {
  const { status, stdout, stderr } = shell(
    "mkdir other; echo 1 > other/a.csv; cryptorun artifacts list --pool other; rm -r other",
  );

  expect({ status, stdout: stdout.split("\n").at(-2) }).toEqual({
    status: 0,
    stdout: "Total: 0 entries, 0.0 MB (times are UTC)",
  });
  expect(stderr).toMatch(/^1 file here, none matching the patterns of a family\./);
});

test("S4-105…S4-107, S4-109 the workflow of verify, gc and compact; the lists that monitoring reads", async () => {
  expect(shell("cryptorun verify all --n 30 --progress").status).toBe(0);
  expect(shell("./cryptorun artifacts gc --apply --force").status).toBe(0);
  const preview = shell("cryptorun artifacts compact --family proofs");
  expect(preview.status, preview.stderr).toBe(0);
  for (const command of [
    "cryptorun artifacts compact --apply --verbose",
    "cryptorun artifacts compact --apply",
    "./cryptorun artifacts compact --apply",
  ])
    expect(shell(command).status, command).toBe(0);

  const total = shell('cryptorun artifacts list | grep -E "Total|MB|GB"');
  expect(total.stdout).toMatch(/^Total: \d+ entries, [\d.]+ MB/);
  expect(shell("ls -lh ./artifacts/.manifest.json").status).toBe(0);
  expect(shell("ls ./artifacts/greenwall/verification_*.json").status).toBe(0);
});

test("S4-123, S4-139 a lost manifest comes back from its backup, and from the files", () => {
  expect(shell("cp ./artifacts/.manifest.backup.json ./artifacts/.manifest.json").status).toBe(0);
  expect(shell("cryptorun artifacts scan --force").status).toBe(0);
  writeFileSync(join(folder, "artifacts/.manifest.json"), "{");

  const broken = shell("cryptorun artifacts list");
  expect(broken.status).toBe(4);
  expect(broken.stderr).toContain(".manifest.backup.json");
  expect(shell("cryptorun artifacts scan --force").status).toBe(0);
});

test("S4-112, S4-144 every operation shows on a terminal how many files it has done, and on no pipe", () => {
  for (const command of [
    "list",
    "scan --force",
    `pin --id ${lastListed()} --on`,
    "gc",
    "gc --apply --force",
    "compact",
    "compact --apply",
  ]) {
    const watched = shell(`python3 -c '${typist}' '[y/N]' 'n\\r' cryptorun artifacts ${command}`);
    expect(watched.status, watched.stdout).toBe(0);
    const drawn = watched.stdout.split("\r\u001b[K").slice(1);
    expect(drawn.join("\n"), command).toMatch(/^\w+ +(\d+\/)?\d+ files?/m);
    expect(shell(`cryptorun artifacts ${command}`).stderr).not.toContain("\u001b[K");
  }
});

test("S4-110, S4-111, S4-163 the steps of the guide for GitHub Actions run as they stand", async () => {
  const [yaml = ""] = /(?<=```yaml\n)- name: Clean[\s\S]*?(?=```)/.exec(guide) ?? [];
  const [clean, upload] = (await parseStrictYaml(yaml)) as unknown as readonly {
    readonly run?: string;
    readonly if?: string;
    readonly uses?: string;
    readonly with?: { readonly path: string };
  }[];

  const { status, stderr } = shell(`alias reseal=cryptorun\nset -e\n${clean?.run}`);
  expect(status, stderr).toBe(0);
  expect(upload).toMatchObject({
    if: "failure()",
    with: { path: "./artifacts/greenwall/verification_*.json" },
  });
  expect(Number(/^actions\/upload-artifact@v(\d+)$/.exec(upload?.uses ?? "")?.[1])).toBeGreaterThan(
    3,
  );
  expect(shell(`ls ${upload?.with?.path}`).status).toBe(0);
});

test("S4-118…S4-121, S4-125 the guide answers the questions of the original, and its links lead on", () => {
  for (const words of [
    /not found after gc[^\n]*why[^\n]*pinned[^\n]*last pass/,
    /does not make a file smaller[^\n]*dict_threshold[^\n]*unique data/,
    /manifest is out of sync[^\n]*scan --force/,
    /GC plan validation failed[^\n]*protected[^\n]*pinned/,
  ])
    expect(guide).toMatch(words);
  for (const name of ["VERIFY.md", "DOCUMENTATION_PROTOCOL.md"]) {
    expect(guide).toContain(`(../${name})`);
    expect(existsSync(join(docs, name))).toBe(true);
  }
});

function lastListed(): string {
  const { items } = JSON.parse(shell("cryptorun artifacts list --json").stdout).data;
  return items.at(-1).id;
}

const docs = join(import.meta.dirname, "..", "docs");
const guide = readFileSync(join(docs, "guides/retention.md"), "utf8");
