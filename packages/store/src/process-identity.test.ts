import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { isProcessAlive, isProcessKnown, thisProcess } from "./process-identity.ts";

test("this process is alive, and only as itself", () => {
  const own = thisProcess();

  expect(isProcessAlive(own)).toBe(true);
  expect(isProcessAlive({ ...own, boot_id: "another boot" })).toBe(false);
  expect(isProcessAlive({ ...own, pid: 2 ** 22 + 1, pid_start: "1" })).toBe(false);
  expect(isProcessAlive({ ...own, host: "elsewhere", pid: 2 ** 22 + 1 })).toBe(true);
});

test("a process of another container cannot be told dead by its number", () => {
  const own = thisProcess();
  const elsewhere = { ...own, pid: 2 ** 22 + 1, pid_start: "1", pid_namespace: "1" };

  expect(isProcessKnown(own)).toBe(true);
  expect(isProcessKnown(elsewhere)).toBe(false);
  expect(isProcessAlive(elsewhere)).toBe(true);
  // No container outlives the boot of its host.
  expect(isProcessAlive({ ...elsewhere, boot_id: "another boot" })).toBe(false);
});

test.runIf(process.platform === "linux")("a pid that is in use again is another process", () => {
  expect(isProcessAlive({ ...thisProcess(), pid_start: "1" })).toBe(false);
});

test.runIf(process.platform === "linux")("a zombie is dead", async () => {
  // The shell's child ends at once; the shell has become a sleep, which never asks for its status.
  const shell = spawn("/bin/sh", ["-c", "sleep 0.1 & echo $!; exec sleep 60"]);
  try {
    const [line] = (await once(shell.stdout, "data")) as [Buffer];
    const pid = Number(line.toString());
    const own = thisProcess();
    const stat = (): string[] => readFileSync(`/proc/${pid}/stat`, "utf8").split(" ");
    const pid_start = stat()[21] ?? "";
    expect(isProcessAlive({ ...own, pid, pid_start })).toBe(true);

    while (stat()[2] !== "Z") await new Promise((resolve) => setTimeout(resolve, 10));

    expect(isProcessAlive({ ...own, pid, pid_start })).toBe(false);
    // Also when only its number is known.
    expect(isProcessAlive({ ...own, pid, pid_start: "" })).toBe(false);
    expect(isProcessAlive({ ...own, pid_start: "" })).toBe(true);
  } finally {
    shell.kill("SIGKILL");
  }
});
