// Retention: scanning a pool, deleting half of it, and planning for a store of millions of blobs.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { quote, reseal, sh } from "./contestants.mjs";

const planner = fileURLToPath(new URL("./plan-gc.mjs", import.meta.url));

/**
 * The first scan beside reading and hashing every file; a second beside a look at every file. Like
 * the files that the others read, ours have been read before.
 */
export function poolCycles(source, at) {
  const pool = join(at, "pool");
  const readAll = `find ${quote(pool)} -type f -exec cat {} + > /dev/null`;
  const scan = reseal("artifacts", "scan", "--force", "--pool", pool);
  return {
    reseal: {
      before: [["cp", "-r", source, pool], sh(readAll)],
      operations: {
        scan: { argv: scan },
        rescan: { argv: scan },
        "gc dry run": { argv: reseal("artifacts", "gc", "--pool", pool) },
      },
    },
    "openssl ×2": {
      tool: "openssl",
      operations: {
        scan: {
          argv: sh(
            `find ${quote(source)} -type f -print0 | xargs -0 -P 2 -n 2000 openssl dgst -sha256`,
          ),
        },
      },
    },
    find: {
      isSlow: true, // Of a few files it takes less than can be measured.
      operations: {
        rescan: { argv: sh(`find ${quote(source)} -type f -printf '%s %T@\\n' > /dev/null`) },
      },
    },
  };
}

/** Half of the runs of each family go. Ours are in the trash after it, and are read once more. */
export function gcCycles(source, at) {
  const pool = join(at, "pool");
  const store = join(at, "store");
  const config = join(at, "artifacts.yaml");
  const runs = readdirSync(source).sort();
  const kept = runs.slice(runs.length / 2).join(" ");
  const names = ["proofs", "bench", "smoke90", "explain", "greenwall"];
  const policies = names.map((name) => `${name}: {keep: ${runs.length / 2 / names.length}}`);
  const onPool = (...args) => reseal("artifacts", ...args, "--pool", pool, "--config", config);
  const restic = ["restic", "-q", "-r", store];
  return {
    reseal: {
      before: [
        ["cp", "-r", source, pool],
        sh(`echo 'retention: {${policies.join(", ")}}' > ${quote(config)}`),
        onPool("scan"),
      ],
      operations: { gc: { argv: onPool("gc", "--apply", "--force") } },
    },
    borg: {
      before: [
        ["borg", "init", "-e", "none", store],
        ["borg", "create", "-C", "lz4", `${store}::all`, source],
        sh(`cd ${quote(source)}; exec borg create -C lz4 ${quote(store)}::kept ${kept}`),
      ],
      operations: {
        gc: {
          argv: sh(
            `borg delete ${quote(store)}::all; exec borg compact --threshold 0 ${quote(store)}`,
          ),
        },
      },
    },
    restic: {
      isSlow: true,
      before: [
        [...restic, "init"],
        [...restic, "backup", source],
        sh(`cd ${quote(source)}; exec restic -q -r ${quote(store)} backup --tag kept ${kept}`),
      ],
      operations: {
        gc: {
          argv: sh(
            `restic -q -r ${quote(store)} forget --keep-tag kept --group-by '';` +
              `exec restic -q -r ${quote(store)} prune --max-unused 0`,
          ),
        },
      },
    },
  };
}

/** Millions; how many are planned for, and what that may take at most (G7). */
const plans = {
  quick: [["store", 0.1]],
  full: [
    ["store", 1, { secondsMax: 1, mebibytesMax: 200 }],
    ["store", 10, { secondsMax: 12, mebibytesMax: 400 }],
    ["runs", 1],
  ],
};

/**
 * Plans over what was read already, each in a process of its own.
 * @returns `[{ name, value, unit, isMet }]`
 */
export function measurePlans(mode, say) {
  return plans[mode].flatMap(([kind, millions, goal = {}]) => {
    say(`plan: ${kind}, ${millions} million`);
    const { stdout, status } = spawnSync(process.execPath, [planner, kind, String(millions)]);
    if (status !== 0) return [{ name: `plan: ${kind} failed`, value: 1, unit: "", isMet: false }];
    const { name, seconds, cpuSeconds, mebibytes } = JSON.parse(stdout);
    const { secondsMax = Infinity, mebibytesMax = Infinity } = goal;
    return [
      { name, value: seconds, unit: "s", isMet: seconds <= secondsMax },
      { name: `${name}, CPU`, value: cpuSeconds, unit: "s", isMet: true },
      { name: `${name}, peak`, value: mebibytes, unit: "MiB", isMet: mebibytes <= mebibytesMax },
    ];
  });
}
