// Device, calibration and conditions of reseal.yaml: recorded, compared, reported, refused.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Sandbox } from "./sandbox.ts";

const ends: (() => void)[] = [];
const sandbox = new Sandbox((end) => ends.push(end));
afterAll(() => {
  for (const end of ends) end();
});
const cwd = sandbox.folder("work");

function configure(lines: Readonly<Record<string, unknown>>): void {
  writeFileSync(join(cwd, "reseal.yaml"), JSON.stringify(lines)); // JSON is YAML.
}

const recorded = {
  device: {
    device_type: "mesh",
    device_id: "m1",
    calibration_date: "2026-01-05T00:00:00Z",
    parameters: { wavelength_nm: 1550 },
  },
  invariants: [{ name: "temperature", value: 293.15, tolerance: 0.5, unit: "K" }],
  coherence_window: { valid_for_seconds: 3600 },
};

let run: string;
beforeAll(async () => {
  configure(recorded);
  const { run_id } = await sandbox.data(["run", "--", "sh", "-c", "echo 1 > x.txt"], { cwd });
  run = String(run_id);
});

interface Check {
  readonly name: string;
  readonly status: string;
  readonly aspect?: string;
  readonly message?: string;
}

async function replay(...flags: readonly string[]) {
  const { stdout, status } = await sandbox.reseal(["--json", "replay", run, ...flags], { cwd });
  const { data } = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as {
    data: { verdict: string; reason: string; candidate: unknown; checks: Check[] };
  };
  const told = data.checks
    .filter(({ aspect }) => ["device", "calibration", "coherence_window"].includes(aspect ?? ""))
    .map(({ name, status: state, message }) => [name, state, message]);
  return { ...data, status, told };
}

test("device, calibration, window and invariants are in the environment of a run", async () => {
  const { stdout } = await sandbox.reseal(["cat", run, "environment.json"], { cwd });

  expect(JSON.parse(stdout)).toMatchObject({
    comparable: { device: recorded.device },
    invariants: [
      recorded.invariants[0],
      {
        name: "coherence_window",
        value: null,
        valid_from: expect.stringMatching(/Z$/),
        valid_until: expect.stringMatching(/Z$/),
      },
    ],
  });
});

test("what holds as recorded is said to", async () => {
  configure({ ...recorded, invariants: [{ name: "temperature", value: 293.4 }] });
  const { verdict, status, told } = await replay();

  expect([verdict, status]).toEqual(["reproduced", 0]);
  expect(told).toEqual([
    ["device", "ok", "mesh, as recorded."],
    ["temperature", "ok", "temperature is 293.4 K, within 0.5 of the recorded one."],
    ["coherence_window", "ok", "coherence_window has not expired."],
  ]);
});

test("what drifted is told, and refuses where the policy is strict", async () => {
  configure({
    device: {
      ...recorded.device,
      calibration_date: "2026-02-01T00:00:00Z",
      parameters: { wavelength_nm: 1310 },
    },
    invariants: [{ name: "temperature", value: 295 }],
    coherence_window: { valid_for_seconds: 60 },
  });
  const warned = await replay();
  const refused = await replay("--policy", "coherence-window=strict");
  const calibration = await replay("--policy", "calibration=strict");
  const { stdout } = await sandbox.reseal(["replay", run, "--policy", "device=ignore"], { cwd });

  expect(warned.verdict).toBe("reproduced");
  expect(warned.told).toEqual([
    ["parameters", "different", 'parameters {"wavelength_nm":1550} -> {"wavelength_nm":1310}.'],
    [
      "calibration date",
      "different",
      "calibration date 2026-01-05T00:00:00Z -> 2026-02-01T00:00:00Z.",
    ],
    ["temperature", "different", "temperature 293.15 -> 295 K, more than 0.5 apart."],
    ["coherence_window", "different", "coherence_window lasted 3600 s -> 60 s."],
  ]);
  for (const { verdict, status, candidate } of [refused, calibration])
    expect([verdict, status, candidate]).toEqual(["failed", 1, null]);
  expect(refused.reason).toContain("The policy for coherence_window is strict.");
  expect(calibration.reason).toContain("The policy for calibration is strict.");
  expect(stdout).toContain("temperature 293.15 -> 295 K");
  expect(stdout).not.toContain("wavelength_nm");
});

test("a window that has ended is told, and is a cause of what differs", async () => {
  configure({ coherence_window: { valid_until: "2026-01-05T00:00:00Z" } });
  const noisy = ["run", "--json", "--", "sh", "-c", "head -c 8 /dev/urandom | od -x > x.txt"];
  await sandbox.reseal(noisy, { cwd });
  const { stdout, status } = await sandbox.reseal(["replay", "@last"], { cwd });

  expect(status).toBe(1);
  expect(stdout).toContain("coherence_window expired at 2026-01-05T00:00:00Z");
  expect(stdout).toContain("Conditions that were recorded do not hold any more.");
});

test.for([
  [{ device: { model: "x" } }, "/device"],
  [{ device: { calibration_date: "yesterday" } }, "/device/calibration_date"],
  [{ coherence_window: { valid_for_seconds: 0 } }, "/coherence_window/valid_for_seconds"],
] as const)("%j is refused before anything runs", async ([lines, pointer]) => {
  configure(lines);
  const { status, stderr } = await sandbox.reseal(["run", "--", "touch", "ran"], { cwd });

  expect(status).toBe(2);
  expect(stderr).toContain(pointer);
});
