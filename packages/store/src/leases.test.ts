import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestBytes } from "@reseal/hash";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { isSilent, readLeases, takeLease } from "./leases.ts";

let local: string;
beforeEach(() => {
  local = mkdtempSync(join(tmpdir(), "reseal-lease-"));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(local, { recursive: true, force: true });
});

const run = { artifact_id: digestBytes("a"), seal: digestBytes("b") };
const tmp = (...names: readonly string[]): string => join(local, "tmp", ...names);

test("a lease is there until it is disposed", () => {
  expect(readLeases({ local })).toEqual([]);
  const first = takeLease({ local }, [run]);
  const second = takeLease({ local }, [{ artifact_id: run.artifact_id }]);

  expect(readLeases({ local })).toHaveLength(2);
  first[Symbol.dispose]();
  expect(readLeases({ local })).toEqual([{ artifact_id: run.artifact_id }]);
  second[Symbol.dispose]();
  expect(readdirSync(tmp())).toEqual([]);
});

test("a lease of a dead process is void, one of another host after a week of silence", () => {
  const [own = ""] = [takeLease({ local }, [run])].map(() => readdirSync(tmp())[0]);
  const dead = own.replace(/\.\d*\.([0-9a-f]{16})$/, ".1.$1");
  const [word, , ...rest] = own.split(".");
  const foreign = [word, Buffer.from("elsewhere").toString("hex"), ...rest].join(".");
  rmSync(tmp(own), { recursive: true });
  for (const name of [dead, foreign]) {
    mkdirSync(tmp(name));
    writeFileSync(tmp(name, "runs.json"), JSON.stringify([run, "nonsense", {}]));
  }

  expect(readLeases({ local })).toEqual([run]);
  const past = Date.now() / 1000 - 8 * 86_400;
  utimesSync(tmp(foreign, "runs.json"), past, past);
  expect(readLeases({ local })).toEqual([]);
});

test("a lease that is held for long is renewed", () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  using _lease = takeLease({ local }, [run]);
  const [name = ""] = readdirSync(tmp());
  const path = tmp(name, "runs.json");
  utimesSync(path, 1, 1);
  expect(isSilent(path)).toBe(true);

  vi.advanceTimersByTime(11 * 60_000);

  expect(isSilent(path)).toBe(false);
});
