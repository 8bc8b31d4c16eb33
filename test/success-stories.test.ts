// Seed 002, "Success Criterion": what a researcher should be able to do, each through the built
// command line, with nothing but what it prints and writes.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Sandbox } from "../apps/cli/test/sandbox.ts";

const root = join(import.meta.dirname, "..");
const ends: (() => void)[] = [];
const sandbox = new Sandbox((end) => ends.push(end));
afterAll(() => {
  for (const end of ends) end();
});

const experiment = `import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
let state = Number(process.argv[2]);
const { decay } = JSON.parse(readFileSync("settings.json", "utf8"));
const rows = ["step,energy"];
let energy = 1;
for (let step = 0; step < 20; step += 1) {
  state = (state * 1103515245 + 12345) % 2147483648;
  energy *= decay + (state / 2147483648 - 0.5) / 100;
  rows.push(step + "," + energy);
}
writeFileSync("energy.csv", rows.join("\\n") + "\\n");
appendFileSync(process.env.RESEAL_RUN_DIR + "/metrics.jsonl",
  JSON.stringify({ name: "energy", value: energy }) + "\\n");
`;
const cwd = sandbox.folder("laboratory", {
  "experiment.mjs": experiment,
  "settings.json": '{"decay": 0.9}',
  "reseal.yaml": [
    "project: decay",
    "title: Energy of a damped walk",
    "authors: [{ name: Ada Lovelace, orcid: 'https://orcid.org/0000-0002-1825-0097' }]",
    "institution: Analytical Engines",
    "url: https://example.org/decay",
  ].join("\n"),
});
const colleague = sandbox.folder("colleague");
const zip = join(cwd, "..", "energy.zip");

interface Recorded {
  readonly run_id: string;
  readonly artifact_id: string;
  readonly seal: string;
}

const record = async (...extra: readonly string[]): Promise<Recorded> => {
  const command = ["--seed", "7", ...extra, "--", "node", "experiment.mjs", "{seed}"];
  return (await sandbox.data(["run", ...command], { cwd })) as unknown as Recorded;
};

/** A command that must succeed; its standard output. */
async function told(args: readonly string[], folder: string = cwd): Promise<string> {
  const { status, stdout, stderr } = await sandbox.reseal(args, { cwd: folder });
  expect(status, `${args.join(" ")}: ${stdout}${stderr}`).toBe(0);
  return stdout;
}

let run: Recorded;
beforeAll(async () => {
  run = await record();
  await told(["export", run.run_id, "-o", zip]);
  await told(["import", zip], colleague);
});

describe("A researcher should be able to", () => {
  test("Run an experiment and automatically get an artifact bundle", async () => {
    const shown = await sandbox.data(["show", run.run_id], { cwd });
    const tree = await told(["show", run.run_id, "--tree"]);

    expect(shown).toMatchObject({ type: "run", status: "finished", seed: 7, exit_code: 0 });
    for (const name of ["energy.csv", "experiment.mjs", "environment.json", "events.jsonl"])
      expect(tree).toContain(name);
    expect(await told(["verify", run.seal])).toContain("intact");
  });

  test("Export the artifact to share with colleagues (ZIP + metadata)", async () => {
    const folder = join(cwd, "..", "exported");
    await told(["export", run.run_id, "-o", folder]);

    expect(readFileSync(zip).subarray(0, 2).toString()).toBe("PK");
    expect(await told(["verify", zip])).toContain("intact");
    for (const name of ["manifest.json", "CITATION.bib", "citation.json", "citation.md"])
      expect(existsSync(join(folder, name))).toBe(true);
    const sums = spawnSync("sha256sum", ["--quiet", "-c", "checksums.sha256"], { cwd: folder });
    expect(sums.status ?? 0).toBe(0); // Absent on some systems.
  });

  test("Import an artifact from a colleague and inspect it", async () => {
    const shown = await sandbox.data(["show", run.artifact_id], { cwd: colleague });

    expect(shown).toMatchObject({
      seal: run.seal,
      project: "decay",
    });
    expect(JSON.parse(await told(["cat", run.seal, "metrics.json"], colleague))).toMatchObject({
      final: { energy: expect.any(Number) },
    });
    const csv = readFileSync(join(cwd, "energy.csv"), "utf8");
    expect(await told(["cat", run.seal, "energy.csv"], colleague)).toBe(csv);
    expect(await told(["cat", run.seal, "code/experiment.mjs"], colleague)).toBe(experiment);
    expect(await told(["ls"], colleague)).toContain(run.run_id.slice(0, 8));
  });

  test("Replay an experiment from the artifact and verify results match", async () => {
    const replay = await sandbox.data(["replay", run.artifact_id], { cwd: colleague });

    expect(replay).toMatchObject({
      verdict: "reproduced",
      original_artifact_id: run.artifact_id,
      candidate_artifact_id: run.artifact_id,
    });
    expect(existsSync(join(colleague, "energy.csv"))).toBe(false); // It ran in a scratch folder.
  });

  test("Generate a citation for their paper (BibTeX, JSON, Markdown)", async () => {
    const [bibtex, json, markdown] = await Promise.all(
      ["bibtex", "json", "markdown"].map((format) =>
        told(["cite", run.run_id, "--format", format]),
      ),
    );

    expect(bibtex).toMatch(/^@misc\{reseal-/);
    expect(JSON.parse(json ?? "")).toMatchObject({
      artifact_id: run.artifact_id,
      institution: "Analytical Engines",
    });
    for (const text of [bibtex, json, markdown]) {
      expect(text).toContain("Lovelace");
      expect(text).toContain(run.artifact_id.slice(7));
    }
  });

  test("Track dependencies across gradient, calibration, and validation artifacts", async () => {
    const store = sandbox.path("photonic");
    const script = join(root, "examples", "photonic", "experiment.mjs");
    const made = await sandbox.run(process.execPath, [script, "--store", store]);
    expect(made.status, made.stderr).toBe(0);
    const ids = async (type: string): Promise<string[]> =>
      (await told(["ls", "--store", store, "--ids", "-f", `type=${type}`])).trim().split("\n");
    const [[gradient = ""], [calibration = ""], [validation = ""]] = (await Promise.all(
      ["gradient", "calibration", "validation"].map(ids),
    )) as [string[], string[], string[]];

    const prov = await told(["prov", "--store", store, validation]);
    const up = await told(["prov", "--store", store, gradient, "--down", "0"]);
    const down = await told(["prov", "--store", store, calibration, "--up", "0"]);
    const citation = await told(["cite", "--store", store, validation, "--format", "json"]);

    expect(up).toMatch(/gradient .*\n.*from gradient_of\s+run/);
    expect(down).toMatch(/calibration/);
    expect(prov).toMatch(/from validates\s+calibration[\s\S]*from calibrates\s+run/);
    expect((JSON.parse(citation) as { parents: unknown[] }).parents).toHaveLength(2);
    expect(await told(["verify", "--store", store, validation, "--lineage"])).toContain("intact");
  });

  test("Verify reproducibility by comparing replay results with originals", async () => {
    const report = join(cwd, "..", "replay.html");
    const again = await sandbox.data(["replay", run.seal, "--report", report], { cwd });
    const { candidate } = again as { candidate: { seal: string } };
    const same = await sandbox.reseal(["diff", run.seal, candidate.seal], { cwd });
    const other = await sandbox.reseal(["replay", run.seal, "--seed", "8"], { cwd });

    expect(again).toMatchObject({
      verdict: "reproduced",
      comparison: {
        verdict: "reproduced",
        files: [{ path: "energy.csv", status: "equal" }],
        metrics: [{ name: "energy", equal: true }],
      },
    });
    expect(same.status).toBe(0);
    expect(readFileSync(report, "utf8")).toContain("reproduced");
    expect(other.status).toBe(1);
    expect(other.stdout).toContain("diverged (explained)");
    expect(other.stdout).toContain("first difference  energy.csv, row 1, column energy");
    expect(other.stdout).toContain("The seed is another one.");
  });

  test("Archive experiments for regulatory compliance and long-term preservation", async () => {
    const [archive, backup] = [sandbox.path("archive"), sandbox.path("backup")];
    await told(["export", run.run_id, "-o", archive]);
    const twice = sandbox.path("twice.zip");
    await told(["export", run.run_id, "-o", twice]);
    await told(["store", "backup", backup]);
    const restored = sandbox.path("restored");
    cpSync(backup, restored, { recursive: true });

    expect(Buffer.compare(readFileSync(zip), readFileSync(twice))).toBe(0);
    expect(await told(["verify", "--all", "--store", restored])).toContain("intact");
    // Decades later there may be no Reseal: a page of Python checks all of it.
    const python = [join(root, "schemas", "verify_bundle.py"), archive, run.seal];
    const checked = await sandbox.run("python3", python);
    expect(checked.status, checked.stdout + checked.stderr).toBe(0);
    writeFileSync(join(archive, "outputs", "energy.csv"), "forged\n");
    const forged = await sandbox.run("python3", python);
    expect(forged.status).toBe(1);
    const { status } = await sandbox.reseal(["verify", archive], { cwd });
    expect(status).toBe(4);
    rmSync(archive, { recursive: true, force: true });
  });
});
