import { execFile, execFileSync } from "node:child_process";
import {
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { thisProcess } from "@reseal/store";
import { expect, test } from "vitest";
import { makeTree, writeTree } from "../test/temporary-tree.ts";
import { Spool } from "./spool.ts";

const run = promisify(execFile);
const dead = { ...thisProcess(), pid_start: "1" };
const id = (number: number): string =>
  `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;

/** A spool whose recorder died. */
function abandon(scratch: string, runId: string): Spool {
  const spool = Spool.create(scratch, runId);
  spool.writeJson("lease.json", dead);
  return spool;
}

test("a new spool is its maker's alone", () => {
  const scratch = join(makeTree(), "tmp");

  const spool = Spool.create(scratch, id(1));

  expect(readdirSync(scratch)).toEqual([`run-${id(1)}`]);
  expect(readdirSync(spool.folder).sort()).toEqual(["in", "lease.json", "logs", "out", "run"]);
  expect(statSync(spool.folder).mode & 0o777).toBe(0o700);
  expect(Spool.living(scratch)).toEqual([id(1)]);
  expect(Spool.takeOver(scratch)).toEqual([]);
});

test("the spool of a dead recorder is taken over once, with all it holds", () => {
  const scratch = makeTree();
  abandon(scratch, id(1)).writeJson("plan.json", { a: 1 });
  Spool.create(scratch, id(2));

  const taken = Spool.takeOver(scratch);

  expect(taken.map((spool) => spool.readJson("plan.json"))).toEqual([{ a: 1 }]);
  expect(Spool.takeOver(scratch)).toEqual([]);
  expect(Spool.living(scratch).sort()).toEqual([id(1), id(2)]);
});

test("a spool without a lease is nobody's", () => {
  const scratch = makeTree({ [`run-${id(1)}/out/late.csv`]: "written after the end" });

  expect(Spool.takeOver(scratch)).toHaveLength(1);
});

test("a spool whose finder died as well is taken over again", () => {
  const scratch = makeTree();
  abandon(scratch, id(1));
  const [first] = Spool.takeOver(scratch);
  const { pid, pid_namespace, pid_start, boot_id, host } = thisProcess();
  const number = pid_namespace ? `${pid}-${pid_namespace}` : pid;
  const own = [number, pid_start, boot_id, host].join(".");
  renameSync(
    first?.folder ?? "",
    (first?.folder ?? "").replace(own, [number, 1, boot_id, host].join(".")),
  );

  const taken = Spool.takeOver(scratch);

  expect(taken.map((spool) => spool.folder)).toEqual([join(scratch, `run-${id(1)}.${own}`)]);
});

test("of several processes that look at once each spool goes to one", async () => {
  const scratch = makeTree();
  const ids = Array.from({ length: 60 }, (_, index) => id(index));
  for (const runId of ids) abandon(scratch, runId);
  const script = `
    const { Spool } = await import(${JSON.stringify(join(import.meta.dirname, "spool.ts"))});
    const taken = [];
    for (let round = 0; round < 200; round++)
      for (const spool of Spool.takeOver(${JSON.stringify(scratch)})) {
        if (!spool.readJson("lease.json")) throw new Error("somebody took it away");
        spool.writeJson("mine.json", process.pid);
        taken.push(spool);
      }
    for (const spool of taken)
      if (spool.readJson("mine.json") !== process.pid) throw new Error("somebody took it away");
    console.log(JSON.stringify(taken.map((spool) => spool.folder)));
    process.stdin.resume(); // Stay alive until the others are done.`;
  const args = ["--experimental-strip-types", "--no-warnings", "--input-type=module", "-e", script];
  const children = Array.from({ length: 4 }, () => run(process.execPath, args));
  const lines = await Promise.all(
    children.map(
      ({ child }) =>
        new Promise<string>((resolve, reject) => {
          let text = "";
          child.stdout?.on("data", (chunk: string) => {
            text += chunk;
            if (text.endsWith("\n")) resolve(text);
          });
          child.once("exit", (code) => reject(new Error(`exit ${code}`)));
        }),
    ),
  );
  for (const { child } of children) child.stdin?.end();
  await Promise.all(children);

  const taken = lines.flatMap((line) => JSON.parse(line) as string[]);
  const takenIds = taken.map((folder) => /run-([^.]+)\./.exec(folder)?.[1]);
  expect(takenIds.sort()).toEqual(ids);
  expect(readdirSync(scratch)).toHaveLength(ids.length);
});

test("what died before its run began is removed", () => {
  const scratch = makeTree({ "new-old/x": "", "new-fresh/x": "", "other/x": "" });
  const minuteAgo = Date.now() / 1000 - 61;
  utimesSync(join(scratch, "new-old"), minuteAgo, minuteAgo);
  writeTree(scratch, {
    "new-dead/lease.json": JSON.stringify(dead),
    "new-alive/lease.json": JSON.stringify(thisProcess()),
  });

  Spool.takeOver(scratch);

  expect(readdirSync(scratch).sort()).toEqual(["new-alive", "new-fresh", "other"]);
});

test("a JSON file is there whole or not at all", () => {
  const spool = Spool.create(makeTree(), id(1));

  expect(spool.readJson("plan.json")).toBeUndefined();
  writeFileSync(spool.path("plan.json.tmp"), '{"torn');
  expect(spool.readJson("plan.json")).toBeUndefined();
  spool.writeJson("plan.json", { a: [1] });
  expect(spool.readJson("plan.json")).toEqual({ a: [1] });
});

test("text of a child is read from a regular file only", () => {
  const spool = Spool.create(makeTree(), id(1));
  const nothing = { text: "", isWhole: true };
  writeFileSync(spool.path("run", "plain"), "text é");
  mkdirSync(spool.path("run", "folder"));
  execFileSync("mkfifo", [spool.path("run", "pipe")]);
  symlinkSync("/etc/passwd", spool.path("run", "link"));

  expect(spool.readText("run", "plain")).toEqual({ text: "text é", isWhole: true });
  for (const name of ["absent", "folder", "pipe", "link"])
    expect(spool.readText("run", name)).toEqual(nothing);
});

test("of a text that nobody should read at once the beginning is read", () => {
  const spool = Spool.create(makeTree(), id(1));
  writeFileSync(spool.path("run", "long"), "start");
  truncateSync(spool.path("run", "long"), 5 * 1024 ** 3);

  const { text, isWhole } = spool.readText("run", "long");

  expect(isWhole).toBe(false);
  expect(text.length).toBe(128 * 1024 ** 2);
  expect(text.startsWith("start")).toBe(true);
});

test("removing a spool that is gone is no error", () => {
  const spool = Spool.create(makeTree(), id(1));

  spool.remove();
  spool.remove();

  expect(Spool.takeOver(join(spool.folder, ".."))).toEqual([]);
});
