// Plans what gc deletes, in a process of its own: `node plan-gc.mjs store|runs MILLIONS`.
//   store   a store with so many blobs, each of which two runs have; 100 files a run
//   runs    so many runs
// Runs come as from a store: the blobs of one manifest after the other, of which only a few are in
// memory at a time, then all entries, whose seals are the same texts. Making up what was read is
// not timed; its memory is in the peak.
import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";

// As the command does.
setFlagsFromString("--semi-space-growth-factor=1");
const packages = new URL("../packages/gc/dist/", import.meta.url);
const { planGc } = await import(new URL("plan-gc.js", packages));
const { BlobReferences } = await import(new URL("blob-references.js", packages));

const [kind, millions] = [process.argv[2], Number(process.argv[3])];
const familyNames = ["proofs", "bench", "smoke90", "explain", "greenwall"];
const startMs = Date.UTC(2020, 0, 1);
const filesPerRun = 100;
const runsAtOnce = 10;
const scratch = Buffer.alloc(128);
let spent = 0;
let spentCpu = 0;

process.stdout.write(JSON.stringify(kind === "store" ? planStore() : planRuns()));

function planStore() {
  const runCount = (millions * 1_000_000) / (filesPerRun / 2);
  const references = new BlobReferences();
  const seals = [];
  for (let first = 0; first < runCount; first += runsAtOnce) {
    const count = Math.min(runsAtOnce, runCount - first);
    const runs = Array.from({ length: count }, (_, index) => blobsOf(first + index));
    for (const { seal } of runs) seals.push(seal);
    timed(() => {
      for (const { seal, blobs } of runs) references.add(seal, blobs);
    });
  }
  const entries = seals.map((seal, run) => entryOf(run, filesPerRun, seal));
  timed(() => {
    const { family_plans } = plan(entries);
    const all = new Set();
    for (const { to_delete } of family_plans) {
      const own = new Set();
      for (const { id } of to_delete) {
        own.add(id);
        all.add(id);
      }
      references.freedBy(sealsOf(entries, own));
    }
    references.freedBy(sealsOf(entries, all));
  });
  return result(`gc plan: ${millions} M blobs, ${millions * 2} M entries`);
}

function* sealsOf(entries, ids) {
  for (const { id, seal } of entries) if (ids.has(id)) yield seal;
}

function blobsOf(run) {
  const first = (run * filesPerRun) / 2;
  const blobs = Array.from({ length: filesPerRun }, (_, index) => ({
    digest: flat(`sha256:${hex(first + index, 16)}${"0".repeat(48)}`),
    size: 1000,
  }));
  return { seal: flat(`sha256:${hex(run, 64)}`), blobs };
}

function planRuns() {
  const entries = Array.from({ length: millions * 1_000_000 }, (_, run) => entryOf(run, 2));
  timed(() => plan(entries));
  return result(`gc plan: ${millions} M runs`);
}

function plan(entries) {
  return planGc(entries, {
    families: familyNames.map((name) => ({ name, policy: { keep: 100 } })),
    alwaysKeepTags: [],
    nowMs: Date.UTC(2026, 0, 1),
    dryRun: true,
    source: "store",
    location: "/store",
  });
}

function entryOf(run, files, seal = `sha256:${hex(run, 64)}`) {
  return {
    id: hex(run, 16),
    family: familyNames[run % familyNames.length],
    run_id: flat(`run ${run}`),
    // Not in the order in which they come.
    timestamp: new Date(startMs + (Math.imul(run, 2654435761) >>> 0) * 10).toISOString(),
    pass_fail: run % 3 === 0 ? "pass" : "unknown",
    is_pinned: run % 1000 === 0,
    total_bytes: 1000 * files,
    file_count: files,
    checksum: seal.slice("sha256:".length),
    seal,
  };
}

/** Digits that look like those of a digest, different for each number. */
function hex(number, length) {
  let text = "";
  for (let word = 1; text.length < length; word += 1) {
    const mixed = Math.imul((number + 1) ^ (word << 27), 0x9e3779b1 + 2 * word) >>> 0;
    text += ((mixed ^ (mixed >>> 15)) >>> 0).toString(16).padStart(8, "0");
  }
  return flat(text.slice(0, length));
}

/** What was read lies in one piece, and what was put together does not. */
function flat(text) {
  return scratch.latin1Slice(0, scratch.latin1Write(text));
}

function timed(act) {
  const start = performance.now();
  const before = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(before);
  spent += performance.now() - start;
  spentCpu += user + system;
}

function result(name) {
  return {
    name,
    seconds: spent / 1000,
    cpuSeconds: spentCpu / 1e6,
    mebibytes: peakKibibytes() / 1024,
  };
}

/** `maxRSS` begins with what the process that started this one had. */
function peakKibibytes() {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS;
  return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
}
