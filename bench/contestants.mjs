// What is compared: for each tool the commands of one cycle on a fresh store, in order. Each
// operation of a cycle is timed for itself; `before` is not timed. What `isSlow` is left out of the
// quick form.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
let main = join(here, "..", "apps", "cli", "bin", "main.js");
const node = process.execPath;
export const sh = (script) => ["sh", "-ec", script];
export const quote = (path) => `'${path}'`;

/** How a tool is found: a program that must be there. */
const programs = {
  borg: "borg",
  restic: "restic",
  ostree: "ostree",
  git: "git",
  datalad: "datalad",
  zip: "zip",
  unzip: "unzip",
  bsdtar: "bsdtar",
  sha256sum: "sha256sum",
  diff: "diff",
  cmp: "cmp",
  find: "find",
  openssl: "openssl",
  pigz: "pigz",
  zstd: "zstd",
};

/** Measure another build of Reseal than that of this checkout. */
export function useCli(file) {
  main = resolve(file);
}

export function isInstalled(tool) {
  if (tool === "reseal") return existsSync(main);
  if (tool === "node") return true;
  if (tool === "cacache") return cacacheFolder() !== undefined;
  return spawnSync("sh", ["-c", `command -v ${programs[tool]}`]).status === 0;
}

/** The cacache that comes with npm. */
function cacacheFolder() {
  const roots = [join(dirname(node), "..", "lib"), "/usr/lib", "/usr/local/lib", "/usr/share"];
  return roots
    .flatMap((root) => [
      join(root, "node_modules", "npm", "node_modules", "cacache"),
      join(root, "nodejs", "npm", "node_modules", "cacache"),
    ])
    .find((folder) => existsSync(folder));
}

/** Variables that keep tools away from the caller's own settings. */
export function environmentOf(home) {
  const own = { name: "bench", email: "bench@localhost" };
  return {
    PATH: process.env.PATH,
    LANG: "C.UTF-8",
    HOME: home,
    RESTIC_PASSWORD: "bench",
    RESTIC_CACHE_DIR: join(home, "restic"),
    BORG_BASE_DIR: join(home, "borg"),
    BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: "yes",
    BORG_CHECK_I_KNOW_WHAT_I_AM_DOING: "YES",
    GIT_CONFIG_GLOBAL: join(home, "gitconfig"),
    GIT_AUTHOR_NAME: own.name,
    GIT_AUTHOR_EMAIL: own.email,
    GIT_COMMITTER_NAME: own.name,
    GIT_COMMITTER_EMAIL: own.email,
  };
}

/** A command of ours. */
export function reseal(...args) {
  return [node, main, ...args];
}

/** Stores of files: ingest, once more without a change, verify, restore. */
export function storeCycles(source, at) {
  const store = join(at, "store");
  const out = join(at, "out");
  const sealed = reseal("--store", store, "seal", source);
  const restic = ["restic", "-q", "-r", store];
  const backup = [...restic, "backup", source];
  const borg = (archive, compression) => ["borg", "create", "-C", compression, archive, source];
  const borgCycle = (compression) => ({
    before: [["borg", "init", "-e", "none", store]],
    operations: {
      ingest: { argv: borg(`${store}::a`, compression) },
      reingest: { argv: borg(`${store}::b`, compression) },
      verify: { argv: ["borg", "check", "--verify-data", store] },
      restore: {
        argv: sh(`mkdir ${quote(out)}; cd ${quote(out)}; exec borg extract ${quote(store)}::a`),
      },
    },
  });
  const repository = `--repo=${store}`;
  const commit = ["ostree", repository, "commit", "-b", "main", `--tree=dir=${source}`];
  const work = join(at, "work");
  return {
    reseal: {
      operations: {
        ingest: { argv: sealed },
        reingest: { argv: sealed },
        verify: { argv: reseal("--store", store, "verify", "--all") },
        restore: { argv: reseal("--store", store, "export", "@last", "-o", out) },
      },
    },
    borg: borgCycle("lz4"),
    "borg none": { tool: "borg", isSlow: true, ...borgCycle("none") },
    restic: {
      isSlow: true,
      before: [[...restic, "init"]],
      operations: {
        ingest: { argv: backup },
        reingest: { argv: backup },
        verify: { argv: [...restic, "check", "--read-data"] },
        restore: { argv: [...restic, "restore", "latest", "--target", out] },
      },
    },
    ostree: {
      isSlow: true,
      before: [["ostree", repository, "init", "--mode=bare"]],
      operations: {
        ingest: { argv: commit },
        reingest: { argv: commit },
        verify: { argv: ["ostree", repository, "fsck", "-q", "--all"] },
        restore: { argv: ["ostree", repository, "checkout", "main", out, "--force-copy"] },
      },
    },
    git: {
      before: [
        ["git", "init", "-q", work],
        ["git", "-C", work, "config", "gc.auto", "0"],
        ["cp", "-r", source, join(work, "files")],
      ],
      operations: {
        ingest: { argv: sh(`cd ${quote(work)}; git add -A; git commit -qm a`) },
        reingest: { argv: sh(`cd ${quote(work)}; git add -A; git status --porcelain`) },
        verify: { argv: ["git", "-C", work, "fsck", "--full"] },
        restore: { argv: ["git", "-C", work, "checkout-index", "-a", "-f", `--prefix=${out}/`] },
      },
    },
    cacache: {
      isSlow: true,
      operations: {
        ingest: { argv: [node, join(here, "cacache.mjs"), cacacheFolder() ?? "", source, store] },
      },
    },
    "cp + sha256sum": {
      tool: "sha256sum",
      operations: {
        ingest: {
          argv: sh(
            `cp -r ${quote(source)} ${quote(store)}; cd ${quote(store)};` +
              `find . -type f -print0 | xargs -0 sha256sum > ${quote(`${store}.sums`)}; sync -f .`,
          ),
        },
        verify: { argv: sh(`cd ${quote(store)}; sha256sum --quiet -c ${quote(`${store}.sums`)}`) },
        restore: { argv: ["cp", "-r", store, out] },
      },
    },
  };
}

/** ZIP files: write one, read it back with its digests or checksums checked. */
export function zipCycles(source, at) {
  const file = join(at, "bundle.zip");
  const out = join(at, "out");
  const store = join(at, "store");
  const [other, third] = ["other", "third"].map((name) => join(at, name));
  const stored = join(at, "stored.zip");
  const packed = (flags) => sh(`cd ${quote(source)}; exec ${flags} ${quote(file)} .`);
  const unzipped = { argv: ["unzip", "-qq", file, "-d", out] };
  return {
    reseal: {
      before: [reseal("--store", store, "seal", source)],
      operations: {
        export: { argv: reseal("--store", store, "export", "@last", "-o", file) },
        import: { argv: reseal("--store", other, "import", file) },
        "export stored": {
          argv: reseal("--store", store, "export", "@last", "--no-compress", "-o", stored),
        },
        "import stored": { argv: reseal("--store", third, "import", stored) },
      },
    },
    "zip -0, unzip": {
      tool: "zip",
      isSlow: true,
      operations: {
        "export stored": { argv: packed("zip -q -0 -r") },
        "import stored": unzipped,
      },
    },
    "zip -6, unzip": {
      tool: "zip",
      operations: { export: { argv: packed("zip -q -6 -r") }, import: unzipped },
    },
    bsdtar: {
      isSlow: true,
      operations: {
        export: { argv: packed("bsdtar -c --format zip -f") },
        import: {
          argv: sh(`mkdir ${quote(out)}; exec bsdtar -x -f ${quote(file)} -C ${quote(out)}`),
        },
      },
    },
  };
}

/** Recording a command that does nothing, in a workspace; the second time nothing is new. */
export function runCycles(source, at) {
  const work = join(at, "work");
  const run = { argv: reseal("run", "--", "true"), cwd: work };
  const copy = ["cp", "-r", source, work];
  const repository = [
    copy,
    ["git", "init", "-q", work],
    sh(`cd ${quote(work)}; git add -A; git commit -qm a`),
  ];
  return {
    reseal: { before: [copy], operations: { "first run": run, "second run": run } },
    "git status": {
      tool: "git",
      before: [...repository, ["git", "-C", work, "status"]],
      operations: { "second run": { argv: ["git", "status", "--porcelain"], cwd: work } },
    },
    "datalad run": {
      tool: "datalad",
      isSlow: true,
      before: [copy, ["datalad", "-l", "error", "create", "-f", "-c", "text2git", work]],
      operations: {
        "first run": {
          argv: sh("datalad -l error save -m a; exec datalad -l error run true"),
          cwd: work,
        },
        "second run": { argv: ["datalad", "-l", "error", "run", "true"], cwd: work },
      },
    },
  };
}

/** Small commands, beside a Node that does nothing, on a store with some runs. */
export function startCycles(source, at) {
  const store = join(at, "store");
  return {
    reseal: {
      before: [
        reseal("--store", store, "seal", source),
        reseal("--store", store, "seal", "--tag", "again", source),
      ],
      operations: {
        "--version": { argv: reseal("--version") },
        ls: { argv: reseal("--store", store, "ls") },
      },
    },
    node: {
      operations: {
        "--version": { argv: [node, "-e", "0"] },
        ls: { argv: [node, "-e", "0"] },
      },
    },
  };
}

/** Making files smaller, and bringing them back to the byte. `produces` is what is left of them. */
export function compactCycles(source, at) {
  const store = join(at, "store");
  const work = join(at, "work");
  const pool = join(at, "pool");
  const config = join(at, "artifacts.yaml");
  const blobs = reseal("--store", store, "artifacts", "compact", "--apply", "--min-age", "0");
  const files = reseal("artifacts", "compact", "--apply", "--pool", pool, "--config", config);
  const inPlace = (compact, restore, ending) => ({
    before: [["cp", "-r", source, work]],
    operations: {
      compact: { argv: sh(`cd ${quote(work)}; exec ${compact} *.jsonl`), produces: work },
      restore: { argv: sh(`cd ${quote(work)}; exec ${restore} *.${ending}`), produces: work },
    },
  });
  return {
    reseal: {
      before: [reseal("--store", store, "seal", source)],
      operations: {
        compact: { argv: blobs, produces: join(store, "artifacts") },
        restore: { argv: [...blobs, "--restore-original"], produces: join(store, "artifacts") },
      },
    },
    "reseal files": {
      isSlow: true,
      before: [
        sh(`mkdir ${quote(pool)}; cp -r ${quote(source)} ${quote(join(pool, "bench"))}`),
        sh(`echo 'indexing: {parallel_workers: 2}' > ${quote(config)}`),
      ],
      operations: {
        compact: { argv: files, produces: join(pool, "bench") },
        restore: { argv: [...files, "--restore-original"], produces: join(pool, "bench") },
      },
    },
    pigz: inPlace("pigz", "pigz -d", "gz"),
    zstd: inPlace("zstd -q --rm -3", "zstd -q --rm -d", "zst"),
    borg: {
      isSlow: true,
      before: [["borg", "init", "-e", "none", store]],
      operations: {
        compact: { argv: ["borg", "create", "-C", "lz4", `${store}::a`, source], produces: store },
        restore: {
          argv: sh(`mkdir ${quote(work)}; cd ${quote(work)}; exec borg extract ${quote(store)}::a`),
        },
      },
    },
  };
}

/** Two trees of which one in a hundred files differs. */
export function diffCycles(source, at, changed) {
  const store = join(at, "store");
  return {
    reseal: {
      before: [
        reseal("--store", store, "seal", "--tag", "a", source),
        reseal("--store", store, "seal", "--tag", "b", changed),
        sh(
          `${quote(node)} ${quote(main)} --store ${quote(store)} ls --ids > ${quote(join(at, "ids"))}`,
        ),
      ],
      operations: {
        compare: {
          argv: sh(
            `exec ${quote(node)} ${quote(main)} --store ${quote(store)} diff $(cat ${quote(join(at, "ids"))})`,
          ),
          ok: [0, 1],
        },
      },
    },
    "diff -rq": {
      tool: "diff",
      operations: { compare: { argv: ["diff", "-rq", source, changed], ok: [0, 1] } },
    },
  };
}

/** Two large arrays, by element and with both digests checked, beside two reads of their bytes. */
export function npyCycles(source, at) {
  const store = join(at, "store");
  const names = ["original", "last", "near"];
  const [original, last] = names.map((name) => join(source, name, "array.npy"));
  const compare = (candidate, flags) => ({
    argv: sh(
      `exec ${quote(node)} ${quote(main)} --store ${quote(store)} ` +
        `compare "$(cat ${quote(join(at, "original"))})" "$(cat ${quote(join(at, candidate))})" ${flags}`,
    ),
  });
  return {
    reseal: {
      before: names.flatMap((name) => [
        reseal("--store", store, "seal", "--name", name, join(source, name)),
        sh(
          `${quote(node)} ${quote(main)} --store ${quote(store)} ls --ids -n 1 > ${quote(join(at, name))}`,
        ),
      ]),
      operations: {
        "compare, last differs": compare("last", ""),
        "compare, all differ": compare("near", "--rtol 1e-9"),
      },
    },
    "cmp, cat": {
      tool: "cmp",
      operations: {
        "compare, last differs": {
          argv: sh(
            `cmp ${quote(original)} ${quote(last)} || cat ${quote(original)} ${quote(last)} > /dev/null`,
          ),
        },
      },
    },
    "cmp, openssl": {
      tool: "openssl",
      operations: {
        "compare, last differs": {
          argv: sh(
            `cmp ${quote(original)} ${quote(last)} || openssl dgst -sha256 ${quote(original)} ${quote(last)}`,
          ),
        },
      },
    },
  };
}
