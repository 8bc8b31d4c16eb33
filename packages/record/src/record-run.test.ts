import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { digestBytes } from "@reseal/hash";
import { expect, test } from "vitest";
import { known, storedText, token } from "../test/capture.ts";
import { makeStores, verifiedSeals } from "../test/memory-stores.ts";
import { env, fileOf, record } from "../test/record.ts";
import { makeTree } from "../test/temporary-tree.ts";
import type { ForwardedSignal } from "./child.ts";
import type { RunRequest } from "./run-request.ts";

const spools = (local: string): string[] =>
  readdirSync(local).includes("tmp") ? readdirSync(join(local, "tmp")) : [];

test("a run is sealed with its code, outputs, logs and circumstances", async () => {
  const stores = makeStores();
  const workspace = makeTree({ "code.sh": "echo\n" });

  const run = await record(stores, workspace, "echo out; echo err >&2; echo 1 > a.csv", {
    description: { name: "first", tags: ["b", "a", "b"] },
  });

  expect(run.manifest.content).toMatchObject({
    type: "run",
    inputs: { command: ["sh", "-c", "echo out; echo err >&2; echo 1 > a.csv"], code: { files: 1 } },
    results: { exit: { code: 0 }, outputs: { files: 1, bytes: 2 } },
  });
  expect(run.manifest.context).toMatchObject({
    status: "finished",
    name: "first",
    tags: ["a", "b"],
    warnings: [],
  });
  expect(await fileOf(stores, run, "logs/stdout.log")).toBe("out\n");
  expect(await fileOf(stores, run, "logs/stderr.log")).toBe("err\n");
  expect(await fileOf(stores, run, "environment.json")).toContain("reseal.environment/v1");
  expect(await verifiedSeals(stores)).toEqual([run.seal]);
  expect(spools(stores.local)).toEqual([]);
});

test.for([
  ["exit 3", "failed", { code: 3 }],
  ["kill -KILL $$", "killed", { signal: "SIGKILL" }],
] as const)("%s is sealed as %s", async ([script, status, exit]) => {
  const stores = makeStores();

  const { manifest } = await record(stores, makeTree(), script);

  expect(manifest.context).toMatchObject({ status, error: { type: expect.any(String) } });
  expect(manifest.content.results).toEqual({ exit });
  expect(manifest.context.result_key).not.toBeNull();
  expect(await verifiedSeals(stores)).toHaveLength(1);
});

test("a run without a result has no result key and says so", async () => {
  const { manifest } = await record(makeStores(), makeTree(), "echo random");

  expect(manifest.context.result_key).toBeNull();
  expect(manifest.context.warnings.map(({ code }) => code)).toEqual(["NO_RESULT"]);
});

test("standard output is a result when it is asked for", async () => {
  const stores = makeStores();

  const { manifest } = await record(stores, makeTree(), "echo 42", { stdoutIsResult: true });

  expect(manifest.content.results.stdout).toBe(digestBytes("42\n"));
  expect(manifest.context.result_key).not.toBeNull();
});

test("a child is told where it may write and which seed to take", async () => {
  const stores = makeStores();
  const script = [
    'printf "%s %s" "$RESEAL_SEED" "$PYTHONUNBUFFERED"',
    'echo 1 > "$RESEAL_OUTPUT_DIR/folder.csv"; echo 2 > "{out}/placeholder.csv"',
    `echo '{"name":"n","value":{seed}}' >> "$RESEAL_RUN_DIR/metrics.jsonl"`,
    `echo '{"event_type":"a.b"}' >> "$RESEAL_RUN_DIR/events.jsonl"`,
  ].join("; ");

  const run = await record(stores, makeTree(), script, { seed: 7 });

  expect(await fileOf(stores, run, "logs/stdout.log")).toBe("7 1");
  expect(run.outputs.files.map(({ path }) => path)).toEqual(["folder.csv", "placeholder.csv"]);
  expect(run.manifest.content.results.metrics).toEqual({ n: 7 });
  expect(await fileOf(stores, run, "events.jsonl")).toContain('"a.b"');
});

test("that a child begins is noted before it begins, so that no crash can forget it", async () => {
  const stores = makeStores();

  const run = await record(
    stores,
    makeTree(),
    'test -e "$RESEAL_RUN_DIR/../started" && echo noted',
  );

  expect(await fileOf(stores, run, "logs/stdout.log")).toBe("noted\n");
});

test("a seed of an outer run is not handed on", async () => {
  const stores = makeStores();

  const run = await record(stores, makeTree(), 'echo "[$RESEAL_SEED]"', {
    env: { ...env, RESEAL_SEED: "5" },
  });

  expect(await fileOf(stores, run, "logs/stdout.log")).toBe("[]\n");
});

async function idOf(
  script: string,
  request: Partial<RunRequest> = {},
  files: Record<string, string> = {},
): Promise<string> {
  const run = await record(makeStores(), makeTree({ "a.py": "1", ...files }), script, request);
  return run.keys.artifactId;
}

test("the artifact id depends on what was asked and what was answered, and on nothing else", async () => {
  const script = "echo 1 > a.csv";
  const same = await idOf(script);

  expect(await idOf(script, { description: { name: "other", tags: ["x"] } })).toBe(same);
  expect(await idOf(script, { env: { ...env, OTHER: "1" } })).toBe(same);
  expect(await idOf(script, {}, { "reseal.yaml": "tags: [a]\n" })).toBe(same);
  const others = [
    await idOf("echo 2 > a.csv"),
    await idOf(script, { seed: 1 }),
    await idOf(script, { seed: "18446744073709551615" }),
    await idOf(script, { parameters: { rate: 0.5 } }),
    await idOf(script, {}, { "a.py": "2" }),
    await idOf(script, { stdoutIsResult: true }),
    await idOf(script, { env: { ...env, OTHER: "1" }, variables: ["OTHER"] }),
  ];
  expect(new Set([same, ...others]).size).toBe(others.length + 1);
});

test("inputs are captured, those by reference by their digest, and what is skipped is said", async () => {
  const stores = makeStores();
  const workspace = makeTree({ "data/a.csv": "1", "big/b.bin": "22" });
  const { symlinkSync } = await import("node:fs");
  symlinkSync("/etc/hostname", join(workspace, "data", "far"));

  const run = await record(stores, workspace, 'cat "{in}/data/a.csv" > copy', {
    inputs: ["data"],
    inputRefs: ["big"],
  });

  expect(run.manifest.content.inputs).toMatchObject({
    data: { files: 1, bytes: 1 },
    external: [{ name: "big/b.bin", size: 2, digest: digestBytes("22") }],
  });
  expect(run.outputs.files).toMatchObject([{ path: "copy", digest: digestBytes("1") }]);
  expect(run.manifest.context.warnings).toMatchObject([
    { code: "INPUT_NOT_CAPTURED", message: expect.stringContaining("data/far") },
  ]);
});

test.for([
  [{ argv: ["no-such-command"] }, "RECORD_COMMAND_NOT_FOUND"],
  [{ argv: [] }, "RECORD_COMMAND_INVALID"],
  [{ argv: ["a", "{seed}"] }, "RECORD_COMMAND_INVALID"],
  [{ inputs: ["nothing"] }, "RECORD_INPUT_NOT_FOUND"],
  [{ configFile: "nothing" }, "RECORD_INPUT_NOT_FOUND"],
  [{ outputs: ["/elsewhere"] }, "RECORD_INPUT_INVALID"],
  [{ description: { tags: [""] } }, "RECORD_DESCRIPTION_INVALID"],
  [{ description: { name: "two\nlines" } }, "RECORD_DESCRIPTION_INVALID"],
  [{ description: { url: "ftp://x" } }, "RECORD_DESCRIPTION_INVALID"],
  [{ description: { title: "\ud800" } }, "RECORD_DESCRIPTION_INVALID"],
  [{ seed: -1 }, "RECORD_DESCRIPTION_INVALID"],
] as const)("%j is refused with %s before anything happens", async ([request, code]) => {
  const stores = makeStores();
  const workspace = makeTree();

  const attempt = record(stores, workspace, "touch ran", request as Partial<RunRequest>);

  await expect(attempt).rejects.toMatchObject({ code });
  expect(readdirSync(workspace)).toEqual([]);
  expect(spools(stores.local)).toEqual([]);
  expect(await verifiedSeals(stores)).toEqual([]);
});

test("a strict run with a secret is refused, and poisons nothing", async () => {
  const stores = makeStores();
  const workspace = makeTree({ "a.py": "1", "secret.env": token });
  await new Promise((resolve) => setTimeout(resolve, 20));

  const attempt = record(stores, workspace, "touch ran", { isStrict: true });

  await expect(attempt).rejects.toMatchObject({ code: "RECORD_SECRET_FOUND", exitCode: 5 });
  expect(await storedText(stores.blobs)).toBe("");

  rmSync(join(workspace, "secret.env"));
  await record(stores, workspace, "touch ran");
  expect(await verifiedSeals(stores)).toHaveLength(1);
});

test.for([
  ["takes its output folder away", 'rm -rf "$RESEAL_OUTPUT_DIR"'],
  ["takes its run folder away", 'rm -rf "$RESEAL_RUN_DIR"'],
  [
    "puts folders where files are due",
    'mkdir "$RESEAL_RUN_DIR/metrics.jsonl" "$RESEAL_RUN_DIR/events.jsonl"',
  ],
  [
    "puts pipes where files are due",
    'mkfifo "$RESEAL_RUN_DIR/metrics.jsonl" "$RESEAL_RUN_DIR/events.jsonl"',
  ],
  [
    "links its output folder to itself",
    'rmdir "$RESEAL_OUTPUT_DIR"; ln -s out "$RESEAL_OUTPUT_DIR"',
  ],
  ["leaves links in a circle", "ln -s a b; ln -s b a"],
  ["writes what is no text", 'head -c 5000 /dev/urandom > "$RESEAL_RUN_DIR/metrics.jsonl"'],
] as const)("a child that %s is sealed all the same", async ([, script]) => {
  const stores = makeStores();

  const run = await record(stores, makeTree(), `${script}; echo 1 > result.csv`);

  expect(run.outputs.files.map(({ path }) => path)).toContain("result.csv");
  expect(await verifiedSeals(stores)).toEqual([run.seal]);
  expect(spools(stores.local)).toEqual([]);
});

test("no secret of the environment, the arguments or the output comes into the store", async () => {
  const stores = makeStores();
  const workspace = makeTree({ [`${token}.txt`]: "", "conf.json": `{"api_key":"${known}"}` });
  const lines = [`{"name":"${token}","value":1}`, `{"event_type":"a.b","attrs":{"k":"${known}"}}`];
  writeFileSync(join(workspace, "metrics"), `${lines[0]}\n`);
  writeFileSync(join(workspace, "events"), `${lines[1]}\n`);
  const script = [
    'cat metrics >> "$RESEAL_RUN_DIR/metrics.jsonl"; cat events >> "$RESEAL_RUN_DIR/events.jsonl"',
    `echo "$SERVICE_TOKEN"; echo ${token} >&2; echo ${token} > out.txt; touch ${token}.out`,
  ].join("; ");

  await record(stores, workspace, script, {
    env: { ...env, SERVICE_TOKEN: known },
    configFile: "conf.json",
    description: { notes: `see ${token}`, tags: [known] },
    parameters: { token: known },
    variables: ["SERVICE_TOKEN"],
  });

  const all = await storedText(stores.blobs);
  expect(all).not.toContain(token);
  expect(all).not.toContain(known);
  expect(await verifiedSeals(stores)).toHaveLength(1);
});

test("an environment that cannot be captured is a warning, and the run is sealed", async () => {
  const stores = makeStores();

  const run = await record(stores, makeTree(), "sleep 0.1; echo 1 > a.csv", {
    device: { parameters: { broken: () => 1 } } as never,
  });

  expect(run.manifest.context.warnings).toMatchObject([{ code: "ENVIRONMENT_NOT_CAPTURED" }]);
  expect(run.manifest.context.env_key).toBeNull();
  expect(await verifiedSeals(stores)).toEqual([run.seal]);
});

test.for([1, 2])("of %i signals while a run is sealed only the second stops it", async (count) => {
  const listeners = new Set<(signal: ForwardedSignal) => void>();
  const stores = makeStores();
  const { blobs } = stores;
  let batches = 0;
  const interrupting = {
    ...stores,
    blobs: Object.assign(Object.create(blobs) as typeof blobs, {
      openBatch: async (options?: object) => {
        batches += 1;
        if (batches === 2)
          for (let sent = 0; sent < count; sent++)
            for (const listener of listeners) listener("SIGINT");
        return await blobs.openBatch(options);
      },
    }),
  };

  const attempt = record(
    interrupting,
    makeTree(),
    "echo 1 > a.csv",
    {},
    {
      signals: {
        reachesChild: false,
        subscribe: (listener) => {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
      },
    },
  );

  if (count === 1) expect(await attempt).toMatchObject({ exit: { code: 0 } });
  else {
    await expect(attempt).rejects.toMatchObject({ name: "AbortError" });
    expect(spools(stores.local)).toHaveLength(1);
  }
  expect(await verifiedSeals(stores)).toHaveLength(count === 1 ? 1 : 0);
  expect(listeners.size).toBe(0);
});

test("a read-only store is refused before anything happens", async () => {
  const stores = makeStores({ readOnly: true });

  await expect(record(stores, makeTree(), "true")).rejects.toMatchObject({
    code: "RECORD_STORE_READ_ONLY",
  });
  expect(readdirSync(stores.local)).toEqual([]);
});

test("outputs with names that no other machine would take are not captured, and that is said", async () => {
  const { manifest } = await record(
    makeStores(),
    makeTree(),
    "echo 1 > 12:30.csv; echo 2 > aux.csv; echo 3 > a.txt; echo 4 > A.TXT",
  );

  expect(manifest.context.warnings).toMatchObject([
    { code: "NAME_NOT_PORTABLE", message: expect.stringMatching(/12:30\.csv.*and 2 more/) },
  ]);
  const outputs = manifest.context.files.filter(({ role }) => role === "output");
  expect(outputs.map(({ path }) => path)).toEqual(["outputs/A.TXT"]);
  expect(manifest.context.not_captured.outputs?.paths).toMatchObject([
    { path: "12:30.csv", reason: "has_a_colon" },
    { path: "a.txt", reason: expect.stringMatching(/^differs_only_by_case/) },
    { path: "aux.csv", reason: "has_a_reserved_device_name" },
  ]);
});

test("code with a name that no other machine would take is counted among what was left out", async () => {
  const tree = makeTree();
  writeFileSync(join(tree, "12:30.py"), "print()");
  const { manifest } = await record(makeStores(), tree, "echo 1 > out.txt");

  expect(manifest.context.not_captured.code).toMatchObject({
    not_portable: 1,
    paths: [{ path: "12:30.py", reason: "not_portable" }],
  });
});
