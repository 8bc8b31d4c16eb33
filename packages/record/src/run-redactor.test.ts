import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { known, token } from "../test/capture.ts";
import { makeTree } from "../test/temporary-tree.ts";
import { LogCapture } from "./log-capture.ts";
import { RunRedactor } from "./run-redactor.ts";

const makeRedactor = (): RunRedactor => new RunRedactor({ SERVICE_TOKEN: known, HOME: "/root" });

test("what was replaced is counted, by rule, in all that was written", () => {
  const redactor = makeRedactor();

  redactor.argv(["--token", known]);
  redactor.json({ note: token });
  redactor.name(`${token}.txt`);
  const stream = redactor.stream();
  stream.push(Buffer.from(`${known}\n`));
  stream.end();

  const { counts } = redactor;
  expect(counts["github-token"]).toBe(2);
  expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(4);
  expect(Object.keys(counts)).toEqual([...Object.keys(counts)].sort());
});

test("one secret has one placeholder wherever a run wrote it", () => {
  const redactor = makeRedactor();

  const first = redactor.json(`a ${token} b`);
  const second = redactor.argv([token]);

  expect(first).toBe(`a ${second[0]} b`);
});

test.for([
  [`${token}.txt`, "[REDACTED:github-token:1].txt"],
  [`deep/${token}/a.b.csv`, "deep/[REDACTED:github-token:1]/a.b.csv"],
  ["deep/plain-name.v1.2.tar.gz", "deep/plain-name.v1.2.tar.gz"],
  [
    "3f2a9bc1d0e4f5a6b7c8d9e0f1a2b3c4d5e6f7a8.json",
    "3f2a9bc1d0e4f5a6b7c8d9e0f1a2b3c4d5e6f7a8.json",
  ],
] as const)("the path %j becomes %j", ([path, expected]) => {
  expect(makeRedactor().name(path)).toBe(expected);
});

test.for([
  ["a bare token", token],
  ["the name of an assignment", `${token}=1`],
  ["base64 with padding", Buffer.from(`Bearer ${token}`).toString("base64")],
  ["base64 with more of it", Buffer.from(`xBearer ${token}`).toString("base64")],
  ["the value of a flag", `--token=${token}`],
] as const)("an argument that is %s is redacted", ([, argument]) => {
  const [redacted] = makeRedactor().argv([argument]);

  expect(redacted).toContain("[REDACTED:");
  expect(redacted).not.toContain(token);
  expect(redacted).not.toContain(argument.slice(0, 30));
});

function logged(chunks: readonly (string | Uint8Array)[]): string {
  const path = join(makeTree(), "stdout.log");
  const log = new LogCapture(path, makeRedactor());
  for (const chunk of chunks) log.write(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
  log.close();
  log.close();
  return readFileSync(path, "latin1");
}

test("a log is redacted however its bytes arrive", () => {
  const text = `start ${known} and ${token} end`;
  for (const size of [1, 7, 1000]) {
    const chunks = text.match(new RegExp(`.{1,${size}}`, "gs")) ?? [];

    const log = logged(chunks);

    expect(log).toMatch(/^start \[REDACTED:[a-z0-9-]+:1\] and \[REDACTED:github-token:1\] end$/);
  }
});

test("at no time does the log on disk hold half of a secret", () => {
  const path = join(makeTree(), "stdout.log");
  const log = new LogCapture(path, makeRedactor());
  for (const character of `x ${known} ${token} y`) {
    log.write(Buffer.from(character));
    const onDisk = readFileSync(path, "utf8");
    expect(onDisk).not.toContain(known.slice(0, 12));
    expect(onDisk).not.toContain(token.slice(0, 12));
  }
  log.close();
});

test("bytes that are no text pass unchanged", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);

  expect(logged([bytes, bytes])).toBe(Buffer.concat([bytes, bytes]).toString("latin1"));
});

test("a log that cannot grow any more says so and stops nobody", () => {
  const folder = makeTree();
  const script = `
    const { LogCapture } = await import(${JSON.stringify(join(import.meta.dirname, "log-capture.ts"))});
    const { RunRedactor } = await import(${JSON.stringify(join(import.meta.dirname, "run-redactor.ts"))});
    const log = new LogCapture(${JSON.stringify(join(folder, "stdout.log"))}, new RunRedactor({}));
    for (let i = 0; i < 100; i++) log.write(Buffer.alloc(1000, 65));
    log.close();
    process.stdout.write(JSON.stringify(log.warnings));`;

  const answer = execFileSync(
    "sh",
    [
      "-c",
      'trap "" XFSZ; ulimit -f 4; exec "$@"',
      "sh",
      process.execPath,
      ...["--experimental-strip-types", "--no-warnings", "--input-type=module", "-e", script],
    ],
    { encoding: "utf8" },
  );

  expect(JSON.parse(answer)).toMatchObject([
    { code: "LOG_NOT_WHOLE", message: expect.stringContaining("stdout.log is not whole: EFBIG") },
  ]);
  expect(existsSync(join(folder, "stdout.log"))).toBe(true);
});
