// Compaction through the built program: every reader opens compacted files and compressed blobs.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Sandbox } from "./sandbox.ts";

const ends: (() => void)[] = [];
afterAll(() => {
  for (const end of ends) end();
});

describe("a store with compressed blobs", () => {
  const sandbox = new Sandbox((end) => ends.push(end));
  const cwd = sandbox.folder("work", {
    "make.mjs": `
      import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
      mkdirSync("out", { recursive: true });
      writeFileSync("out/log.jsonl", '{"venue":"kraken-exchange","ok":true}\\n'.repeat(5000));
      writeFileSync("out/large.txt", "a line of a large file\\n".repeat(300_000));
      writeFileSync("out/small.txt", "small");
      appendFileSync(process.env.RESEAL_RUN_DIR + "/metrics.jsonl", '{"name":"n","value":1}\\n');
    `,
  });
  const store = join(cwd, ".reseal");
  const reseal = async (...args: string[]): Promise<string> => {
    const { status, stdout, stderr } = await sandbox.reseal(args, { cwd });
    expect(status, `${args.join(" ")}\n${stdout}${stderr}`).toBe(0);
    return stdout;
  };
  const compressed = (): string[] =>
    readdirSync(join(store, "artifacts"), { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".zst"),
    );

  beforeAll(async () => {
    await reseal("run", "--seed", "1", "--", process.execPath, "make.mjs");
    await reseal("export", "@last", "-o", "../before");
    const summary = await reseal(
      "artifacts",
      "compact",
      "--apply",
      "--min-age",
      "0",
      "--store",
      store,
    );
    expect(summary).toMatch(/^Total: \d+ blobs; 2 compacted, \d+ would not shrink, 0 left alone$/m);
  }, 60_000);

  test("leaves blobs of young runs alone, says so, and changes nothing in a dry run", async () => {
    const young = await reseal("artifacts", "compact", "--store", store);
    expect(young).toContain("Total: 0 blobs; 0 compacted");
    expect(compressed()).toHaveLength(2);
    expect(readFileSync(join(store, "format.json"), "utf8")).toBe('{"format":2}\n');
  });

  test("show, cat, diff, compare, replay and verify read it", async () => {
    expect(await reseal("show", "@last")).toContain("3 files, 6.8 MiB");
    expect(await reseal("cat", "@last", "out/log.jsonl")).toBe(
      readFileSync(join(cwd, "../before/outputs/out/log.jsonl"), "utf8"),
    );
    await reseal("verify", "--all");
    await reseal("compare", "../before", "@last");
    expect(await reseal("replay", "@last")).toContain("reproduced");
  }, 60_000);

  test("export and import give the same bundle, as a folder and as a ZIP", async () => {
    await reseal("export", "@last", "-o", "../after");
    await reseal("export", "@last", "-o", "../after.zip");
    for (const path of ["../after", "../after.zip"]) await reseal("verify", path);
    const { status } = await sandbox.shell("diff -r before/outputs after/outputs");
    expect(status).toBe(0);
    await reseal("import", "../after.zip", "--store", "../other");
    await reseal("verify", "--all", "--store", "../other");
  }, 60_000);

  test("store check, backup, restore, repair and stats read it", async () => {
    await reseal("store", "check", "--read-data");
    await reseal("store", "backup", "../backup");
    await reseal("store", "backup", "--link", "../linked");
    await reseal("store", "restore", "../backup", "--to", "../restored");
    await reseal("verify", "--all", "--store", "../restored");
    await reseal("store", "repair");
    await reseal("store", "stats");
  }, 60_000);

  test("a run that has the same outputs again stores nothing twice", async () => {
    await reseal("run", "--seed", "2", "--", process.execPath, "make.mjs");

    expect(compressed()).toHaveLength(2);
    for (const name of compressed())
      expect(existsSync(join(store, "artifacts", name.replace(".zst", "")))).toBe(false);
  }, 60_000);

  test("--restore-original brings every blob back", async () => {
    await reseal(
      "artifacts",
      "compact",
      "--apply",
      "--restore-original",
      "--min-age",
      "0",
      "--store",
      store,
    );

    expect(compressed()).toEqual([]);
    await reseal("verify", "--all");
  }, 60_000);
});

describe("a folder of artifacts", () => {
  const line = (index: number): string =>
    `{"venue":"kraken-exchange","n":${index},"check":"spread_bps_max"}`;
  const jsonl = `${Array.from({ length: 3000 }, (_, index) => line(index)).join("\n")}\n`;
  const markdown = `# Report\n\n##  Empty\n\n## Words\n\n${"Words. ".repeat(9000)}\n`;
  const sandbox = new Sandbox((end) => ends.push(end));
  const cwd = sandbox.folder("work", {
    "artifacts/bench/20250906_120000_pass.jsonl": jsonl,
    "artifacts/bench/20250906_120000_pass.md": markdown,
    "artifacts/bench/20250907_120000_pass.jsonl": '{"small":true}\n',
  });
  const reseal = (...args: string[]) => sandbox.reseal(["artifacts", ...args], { cwd });

  test("S4-068 a preview says what compaction would come to, and leaves everything", async () => {
    const { status, stdout } = await reseal("compact", "--family", "bench");

    expect(status).toBe(0);
    expect(stdout).toBe(
      [
        "Compaction Summary (DryRun: true)",
        "Total: 3 files; 2 compacted, 0 would not shrink, 1 left alone",
        "Size: 242K -> 181K (74.7 %, saves 61.3K)",
        "",
        "  compacted      181K ->   119K  66.1 %  bench/20250906_120000_pass.jsonl",
        "  compacted     61.6K ->  61.5K  100.0 %  bench/20250906_120000_pass.md",
        "",
      ].join("\n"),
    );
    expect(readFileSync(join(cwd, "artifacts/bench/20250906_120000_pass.jsonl"), "utf8")).toBe(
      jsonl,
    );
  });

  test("S4-069 compaction never asks, and names every file with --verbose", async () => {
    const { status, stdout, stderr } = await reseal("compact", "--apply", "--verbose");

    expect(status).toBe(0);
    expect(stdout).toContain("(it has no more than 100 KB (min_size_kb))");
    expect(stderr).toContain("reseal artifacts trash list");
    expect(existsSync(join(cwd, "artifacts/bench/20250906_120000_pass.jsonl"))).toBe(false);
    const compact = join(cwd, "artifacts/bench/20250906_120000_pass.compact.jsonl");
    expect(statSync(compact).size).toBeLessThan(jsonl.length * 0.75);
    expect(readFileSync(compact, "utf8").split("\n")[1]).toBe(line(0));
  });

  test("S4-158 the list counts it once, and cat prints the original by either name", async () => {
    expect((await reseal("list")).stdout).toContain("Total: 2 entries");
    for (const name of ["pass.jsonl", "pass.compact.jsonl"]) {
      const { stdout } = await reseal("cat", `bench/20250906_120000_${name}`);
      expect(stdout).toBe(jsonl);
    }
    const { stdout } = await reseal("cat", "artifacts/bench/20250906_120000_pass.jsonl", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ data: { compacted: true, size: jsonl.length } });
    expect((await reseal("cat", "bench/absent.jsonl")).status).toBe(3);
  });

  test("S4-070, S4-106 the second time there is nothing to do", async () => {
    const { status, stdout } = await reseal("compact", "--apply");

    expect(status).toBe(0);
    expect(stdout).toContain("0 compacted");
  });

  test("--restore-original gives back every byte", async () => {
    const { status, stdout } = await reseal("compact", "--apply", "--restore-original");

    expect(status).toBe(0);
    expect(stdout).toContain("1 restored");
    expect(readFileSync(join(cwd, "artifacts/bench/20250906_120000_pass.jsonl"), "utf8")).toBe(
      jsonl,
    );
  });

  test("a damaged compacted file is said to be, and nothing is lost of it", async () => {
    await reseal("compact", "--apply");
    const compact = join(cwd, "artifacts/bench/20250906_120000_pass.compact.jsonl");
    const damaged = readFileSync(compact, "utf8").replace('"n":7,', '"n":8,');
    writeFileSync(compact, damaged);

    expect((await reseal("cat", "bench/20250906_120000_pass.jsonl")).status).toBe(4);
    const { status, stdout } = await reseal("compact", "--apply", "--restore-original");
    expect(status).toBe(6);
    expect(stdout).toContain("failed");
    expect(readFileSync(compact, "utf8")).toBe(damaged);
  });
});
