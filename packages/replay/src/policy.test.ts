import { expect, test } from "vitest";
import { allowEnvironmentDrift, defaultPolicy, parsePolicy, replayAspects } from "./policy.ts";

test("a level alone is for every aspect, a later text wins", () => {
  const policy = parsePolicy(["strict", "hardware=warn", "coherence-window=ignore"]);

  expect(policy).toMatchObject({ code: "strict", hardware: "warn", coherence_window: "ignore" });
  expect(Object.keys(policy).sort()).toEqual([...replayAspects].sort());
});

test("without a text all is told and nothing refused", () => {
  expect(parsePolicy([])).toEqual(defaultPolicy);
  expect(new Set(Object.values(defaultPolicy))).toEqual(new Set(["warn"]));
});

test.for([
  "",
  "strickt",
  "hardware=",
  "hardware=maybe",
  "cpu=strict",
  "=strict",
  "strict=hardware",
])("%o is no policy", (text) => {
  expect(() => parsePolicy([text])).toThrow(
    expect.objectContaining({ code: "REPLAY_POLICY_INVALID" }),
  );
});

test("allowing drift lowers what is strict about the environment and nothing else", () => {
  expect(allowEnvironmentDrift(parsePolicy(["strict", "runtime=ignore"]))).toMatchObject({
    packages: "warn",
    hardware: "warn",
    runtime: "ignore",
    code: "strict",
    coherence_window: "strict",
  });
});
