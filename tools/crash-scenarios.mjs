// What crash.mjs interrupts: how the folder looks before, the command, and what must hold after.
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { compactionScenarios } from "./crash-compaction.mjs";

/**
 * @typedef {object} Scenario
 * @property {string} name
 * @property {[mode: string, share: number]} quick how and after which share of its calls the
 *   command is interrupted in the quick form
 * @property {(work: Work) => void} [prepare] after the common preparation
 * @property {(work: Work) => string[][]} commands run at once
 * @property {string} [target] what the command makes in the folder, and never overwrites
 * @property {readonly string[]} [faults] codes of findings that the scenario begins with
 * @property {(work: Work) => void} [after] more that must hold after a crash
 */

/** Two runs, and a folder of results to seal. */
export function prepareStore(work) {
  for (const folder of ["results", "more"]) mkdirSync(join(work.folder, folder));
  for (let number = 0; number < 24; number += 1) {
    writeFileSync(join(work.folder, "results", `r${number}.txt`), `result ${number}\n`);
    writeFileSync(join(work.folder, "more", `m${number}.txt`), `more ${number}\n`);
  }
  writeFileSync(join(work.folder, "results/large.bin"), Buffer.alloc(400_000, "large"));
  work.reseal("run", "--json", "--", "sh", "-c", "echo first > first.txt");
  work.reseal("seal", "results", "--json");
}

function writeMany(work) {
  mkdirSync(join(work.folder, "many"));
  for (let number = 0; number < 600; number += 1)
    writeFileSync(join(work.folder, "many", `${number}.txt`), `one of many: ${number}\n`);
}

/** @type {readonly Scenario[]} */
export const scenarios = [
  ...compactionScenarios,
  {
    name: "run",
    quick: ["powerloss", 0.96],
    commands: () => [["run", "--json", "--", "sh", "-c", "echo 2 > two.txt; echo 3 > three.txt"]],
  },
  { name: "seal", quick: ["torn", 0.9], commands: () => [["seal", "more", "--json"]] },
  {
    name: "import",
    quick: ["ENOSPC", 0.5],
    prepare(work) {
      work.reseal("seal", "more", "--store", "elsewhere");
      work.reseal("export", "@last", "-o", "bundle", "--store", "elsewhere");
    },
    commands: () => [["import", "bundle", "--json"]],
  },
  {
    name: "first import",
    quick: ["powerloss", 0.9],
    prepare: (work) => work.reseal("export", "@last", "-o", "bundle"),
    commands: () => [["import", "bundle", "--store", "first", "--json"]],
    after(work) {
      if (work.has("first")) work.reseal("store", "check", "--read-data", "--store", "first");
    },
  },
  {
    // Whole folders are moved into a store that has few, and a sync begins before the manifest.
    name: "seal many",
    quick: ["powerloss", 0.95],
    prepare: writeMany,
    commands: () => [["seal", "many", "--json"]],
  },
  {
    // As there, and many entries are inflated at once.
    name: "import zip",
    quick: ["EIO", 0.97],
    prepare(work) {
      writeMany(work);
      work.reseal("seal", "many");
      work.reseal("export", "@last", "-o", "many.zip");
    },
    commands: () => [["import", "many.zip", "--store", "first", "--json"]],
    after(work) {
      if (work.has("first")) work.reseal("store", "check", "--read-data", "--store", "first");
    },
  },
  {
    name: "export",
    quick: ["EIO sticky", 0.6],
    target: "exported",
    commands: () => [["export", "@last", "-o", "exported", "--json"]],
    after(work) {
      if (work.has("exported")) work.reseal("verify", "./exported");
    },
  },
  {
    name: "export zip",
    quick: ["torn", 0.6],
    target: "exported.zip",
    commands: () => [["export", "@last", "-o", "exported.zip", "--json"]],
    after(work) {
      if (work.has("exported.zip")) work.reseal("verify", "./exported.zip");
    },
  },
  {
    // The header of a large file that is stored is written when its data has been.
    name: "export large zip",
    quick: ["kill", 0.7],
    prepare(work) {
      mkdirSync(join(work.folder, "large"));
      for (const name of ["a.bin", "b.bin"])
        writeFileSync(join(work.folder, "large", name), randomBytes(9 * 1024 * 1024));
      work.reseal("seal", "large", "--json");
    },
    target: "exported.zip",
    commands: () => [["export", "@last", "-o", "exported.zip", "--json"]],
    after(work) {
      if (work.has("exported.zip")) work.reseal("verify", "./exported.zip");
    },
  },
  {
    name: "catalog rebuild",
    quick: ["after", 0.5],
    commands: () => [["catalog", "rebuild", "--json"]],
  },
  {
    name: "store repair",
    quick: ["kill", 0.4],
    prepare(work) {
      work.reseal("store", "backup", "backup");
      damage(work);
    },
    commands: () => [["store", "repair", "--from", "backup", "--apply", "--force", "--json"]],
    faults: [
      "blob_corrupt",
      "blob_missing",
      "blob_mode",
      "catalog_missing",
      "manifest_missing",
      "stray",
    ],
  },
  {
    name: "store backup",
    quick: ["ENOSPC sticky", 0.8],
    commands: () => [["store", "backup", "backup", "--json"]],
    after(work) {
      if (work.has("backup/blobs.sha256"))
        work.reseal("store", "check", "--read-data", "--store", "backup");
    },
  },
  {
    name: "store restore",
    quick: ["kill", 0.9],
    prepare: (work) => work.reseal("store", "backup", "backup"),
    target: "restored",
    commands: () => [["store", "restore", "backup", "--to", "restored", "--json"]],
    after(work) {
      if (work.has("restored")) work.reseal("store", "check", "--read-data", "--store", "restored");
    },
  },
  {
    name: "artifacts gc",
    quick: ["kill", 0.6],
    prepare: preparePool,
    commands: () => [["artifacts", "gc", "--apply", "--force", "--json"]],
    after: assertPool,
  },
  {
    name: "artifacts scan",
    quick: ["EIO", 0.5],
    prepare: preparePool,
    commands: () => [["artifacts", "scan", "--force", "--json"]],
    after: assertPool,
  },
  {
    name: "artifacts pin",
    quick: ["powerloss", 0.5],
    prepare: preparePool,
    commands: () => [["artifacts", "pin", "--id", pinnedId, "--on", "--reason", "again"]],
    after: assertPool,
  },
  {
    name: "artifacts restore",
    quick: ["kill", 0.6],
    prepare(work) {
      preparePool(work);
      work.reseal("artifacts", "gc", "--apply", "--force");
    },
    commands: (work) => [["artifacts", "restore", "--report", reportIn(work), "--json"]],
    after: assertPool,
  },
  {
    name: "store gc",
    quick: ["kill", 0.5],
    prepare: prepareRetention,
    commands: () => [["artifacts", "gc", "--apply", "--force", "--store", ".reseal", "--json"]],
    after: assertRetention,
  },
  {
    name: "store gc undone",
    quick: ["powerloss", 0.6],
    prepare(work) {
      prepareRetention(work);
      work.reseal("artifacts", "gc", "--apply", "--force", "--store", ".reseal");
    },
    commands: (work) => [
      ["artifacts", "restore", "--report", storeReportIn(work), "--store", ".reseal", "--json"],
    ],
    after: assertRetention,
  },
  {
    name: "store pin",
    quick: ["ENOSPC", 0.5],
    prepare: prepareRetention,
    commands: (work) => [
      ["artifacts", "pin", "--id", extraRuns(work).at(-1), "--on", "--store", ".reseal"],
    ],
    after: assertRetention,
  },
  {
    name: "gc and a writer",
    quick: ["kill", 0.5],
    prepare: prepareRetention,
    commands: () => [
      ["artifacts", "gc", "--apply", "--force", "--store", ".reseal", "--json"],
      // With the contents of a run that goes.
      ["run", "--json", "--", "sh", "-c", "echo 1 > extra.txt"],
    ],
    after: assertRetention,
  },
  {
    name: "two writers",
    quick: ["kill", 0.7],
    commands: () => [
      ["run", "--json", "--", "sh", "-c", "echo 2 > two.txt"],
      ["seal", "more", "--json"],
    ],
  },
];

/** Id of the oldest run of the pool, which is pinned. */
const pinnedId = "46c2a58c";

/**
 * Fifteen runs of which ten are kept, and the oldest, which is pinned. Some have a folder of their
 * own, which is moved whole; in one of these lies a file of nobody.
 */
function preparePool(work) {
  const folder = join(work.folder, "artifacts");
  for (let run = 10; run < 25; run += 1) {
    const name = `202508${run}_120000_pass`;
    const place = run % 2 === 0 ? join(folder, "bench") : join(folder, "nightly", name, "bench");
    const stem = run % 2 === 0 ? name : "result";
    mkdirSync(place, { recursive: true });
    for (const kind of ["jsonl", "md"])
      writeFileSync(join(place, `${stem}.${kind}`), `${kind} of run ${run}\n`);
  }
  writeFileSync(join(folder, "nightly/20250813_120000_pass/notes.txt"), "a file of nobody\n");
  work.reseal("artifacts", "pin", "--id", pinnedId, "--on", "--reason", "in the paper");
}

/** Every file is in one place, the folder or the trash; the pin holds; nobody broke the log. */
function assertPool(work) {
  const found = filesBelow(join(work.folder, "artifacts"))
    .filter((path) => /^(?:\.trash\/[0-9a-f-]+\/)?(?:bench|nightly)\/.*\.(?:jsonl|md)$/.test(path))
    .map((path) => [
      path.replace(/^\.trash\/[^/]+\//, ""),
      readFileSync(join(work.folder, "artifacts", path), "utf8"),
    ]);
  if (found.length !== 30 || new Set(found.map(([path]) => path)).size !== 30)
    throw new Error(`30 files should be there, each once: ${found.map(([path]) => path).sort()}`);
  for (const [path, text] of found) {
    const [, run, kind] = /202508(\d\d).*\.(.*)$/.exec(path);
    if (text !== `${kind} of run ${run}\n`) throw new Error(`${path} holds ${text}`);
  }
  if (!work.has("artifacts/nightly/20250813_120000_pass/notes.txt"))
    throw new Error("a file of nobody was moved");
  const { items } = work.reseal("artifacts", "list", "--json").data;
  if (items.find(({ id }) => id === pinnedId)?.is_pinned !== true)
    throw new Error("the pin was lost");
  work.reseal("artifacts", "audit", "--verify");
}

function reportIn(work) {
  return readdirSync(join(work.folder, "artifacts/.trash")).find((name) => /^gc.*md$/.test(name));
}

/** Newest first. */
function extraRuns(work) {
  return work.reseal("ls", "-f", "project=extra", "--json").data.items.map((run) => run.run_id);
}

function storeReportIn(work) {
  return readdirSync(join(work.folder, ".reseal/trash")).find((name) => /^gc.*md$/.test(name));
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

/** Four runs of which one is kept, whose blobs nobody has used for days. */
function prepareRetention(work) {
  for (let run = 1; run <= 4; run += 1)
    work.reseal("run", "--project", "extra", "--", "sh", "-c", `echo ${run} > extra.txt`);
  mkdirSync(join(work.folder, "config"));
  const policy = "retention: {extra: {keep: 1}}\n";
  writeFileSync(join(work.folder, "config/artifacts.yaml"), policy);
  const blobs = join(work.folder, ".reseal/artifacts");
  const past = Date.now() / 1000 - 3 * 86_400;
  for (const path of filesBelow(blobs)) utimesSync(join(blobs, path), past, past);
}

/** Every run is in the store or in its trash, and comes back from there. */
function assertRetention(work) {
  const store = ["--store", ".reseal", "--json"];
  work.reseal(
    "artifacts",
    "trash",
    "empty",
    "--older-than",
    "9999",
    "--apply",
    "--force",
    ...store,
  );
  const here = extraRuns(work);
  const trash = work.reseal("artifacts", "trash", "list", ...store).data.items;
  const runs = [...here, ...trash.filter((r) => r.family === "extra").map((r) => r.run_id)];
  if (runs.length !== 4 || new Set(runs).size !== 4)
    throw new Error(`4 runs should be there, each once: ${runs}`);
  work.reseal("verify", "--all");
  work.reseal("artifacts", "audit", "--verify", ...store);
}

/** One of each kind of harm that a disk or a person does. */
function damage(work) {
  const [seal] = work.seals;
  const blob = (digest) =>
    join(work.folder, ".reseal/artifacts", digest.slice(7, 9), digest.slice(7));
  const manifest = JSON.parse(readFileSync(blob(work.seals.at(-1)), "utf8"));
  const outputs = manifest.context.files.filter(({ path }) => path.startsWith("outputs/r"));
  const [gone, short, flipped] = outputs.map(({ digest }) => blob(digest));
  rmSync(gone);
  for (const path of [short, flipped]) chmodSync(path, 0o644);
  writeFileSync(short, "");
  writeFileSync(flipped, readFileSync(flipped, "utf8").toUpperCase());
  rmSync(blob(seal));
  writeFileSync(join(work.folder, ".reseal/artifacts/stray"), "");
}
