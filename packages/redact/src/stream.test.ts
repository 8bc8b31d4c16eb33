import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contexts, providers } from "../test/corpus.ts";
import { hardNegatives } from "../test/hard-negatives.ts";
import { Random } from "../test/random.ts";
import { createRedactor } from "./index.ts";

function streamed(chunks: readonly Uint8Array[]): string {
  const stream = createRedactor().stream();
  const parts = chunks.map((chunk) => Buffer.from(stream.push(chunk)));
  return Buffer.concat([...parts, stream.end()]).toString("latin1");
}

function splitAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [...places].sort((a, b) => a - b);
  return [...sorted, bytes.length].map((end, at) => bytes.subarray(sorted[at - 1] ?? 0, end));
}

/** A log with a secret of some kind on most lines. */
function log(seed: number, lines: number): Buffer {
  const r = new Random(seed);
  const parts = Array.from({ length: lines }, () => {
    if (r.below(3) === 0) return `${r.pick(hardNegatives(new Random(r.below(1e6))))}\n`;
    const provider = r.pick(providers);
    return `${r.pick(contexts).write(provider, provider.make(r), r)}\n`;
  });
  return Buffer.from(parts.join(""));
}

describe("a stream", () => {
  test("gives the same bytes split at every position", () => {
    const bytes = log(21, 5);
    const whole = createRedactor().text(bytes.toString("utf8")).text;

    for (let at = 0; at <= bytes.length; at += 1)
      expect(streamed(splitAt(bytes, [at])), `split at ${at}`).toBe(whole);
  });

  test("gives the same bytes however it is cut", () => {
    fc.assert(
      fc.property(fc.nat(), fc.array(fc.nat(20_000), { maxLength: 30 }), (seed, places) => {
        const bytes = log(seed, 12);
        const whole = createRedactor().text(bytes.toString("utf8")).text;

        const inside = places.map((place) => place % (bytes.length + 1));

        expect(streamed(splitAt(bytes, inside))).toBe(whole);
      }),
      { numRuns: 60 },
    );
  });

  test("byte by byte is the same too", () => {
    const bytes = log(31, 8);

    expect(streamed([...bytes].map((byte) => Buffer.from([byte])))).toBe(
      createRedactor().text(bytes.toString("utf8")).text,
    );
  });

  test.for(["", "=", "\n"])(
    "a private key of 16 KiB in small chunks is found, wrapped with %j",
    (end) => {
      const r = new Random(41);
      const [open, close] = ["BEGIN", "END"].map(
        (word) => `-----${word} ${"RSA"} PRIVATE KEY-----`,
      );
      const body = Array.from({ length: 240 }, () => r.base64(64)).join("\n");
      const bytes = Buffer.from(`before\n${open}\n${body}\n${close}${end}\nafter\n`);

      const chunks = Array.from({ length: Math.ceil(bytes.length / 100) }, (_, at) =>
        bytes.subarray(at * 100, at * 100 + 100),
      );

      expect(streamed(chunks)).toBe(`before\n[REDACTED:private-key:1]${end}\nafter\n`);
    },
  );

  test("wrapped base64 of a text with a secret is found over its lines", () => {
    const token = ["gh", "p_"].join("") + new Random(42).word(36);
    const text = `${"some words before it, ".repeat(4)}token ${token} ${"and after it ".repeat(9)}`;
    const wrapped = Buffer.from(text).toString("base64").replace(/.{76}/g, "$&\n");

    for (const size of [7, 77, 78, 500]) {
      const bytes = Buffer.from(`a\n${wrapped}\nb\n`);
      const count = Math.ceil(bytes.length / size);
      const chunks = Array.from({ length: count }, (_, at) =>
        bytes.subarray(at * size, (at + 1) * size),
      );

      expect(streamed(chunks)).toBe("a\n[REDACTED:github-token:1]\nb\n");
    }
  });

  test("a line without end is held in bounds, and secrets anywhere in it are found", () => {
    const r = new Random(43);
    const stream = createRedactor().stream();
    let given = 0;
    let taken = 0;
    const output: Buffer[] = [];
    const secrets: string[] = [];

    for (let round = 0; round < 400; round += 1) {
      const token = ["gh", "p_"].join("") + r.word(36);
      secrets.push(token);
      const text = Buffer.from(`${"some words, ".repeat(r.below(400))}"${token}",`);
      const cut = r.below(text.length);
      for (const part of [text.subarray(0, cut), text.subarray(cut)]) {
        given += part.length;
        const out = stream.push(part);
        taken += out.length;
        output.push(Buffer.from(out));
      }
      // Placeholders are shorter than secrets here: 16 bytes each.
      expect(given - taken - 16 * secrets.length).toBeLessThan(200 * 1024);
    }
    output.push(Buffer.from(stream.end()));

    const text = Buffer.concat(output).toString();
    expect(secrets.filter((secret) => text.includes(secret.slice(-8)))).toEqual([]);
    expect(stream.findings).toEqual([{ rule: "github-token", count: secrets.length }]);
  });

  test("a run of base64 without end passes", () => {
    const bytes = Buffer.from(new Random(44).bytes(400_000).toString("base64"));

    expect(streamed(splitAt(bytes, [100_000, 300_000, 300_001]))).toBe(bytes.toString());
  });

  test("holds back one line at most where nothing is open", () => {
    const stream = createRedactor().stream();

    expect(Buffer.from(stream.push(Buffer.from("one\ntwo\nthr"))).toString()).toBe("one\ntwo\n");
    expect(Buffer.from(stream.push(Buffer.from("ee\n"))).toString()).toBe("three\n");
  });

  test("does not mind a buffer that is used again", () => {
    const token = ["gh", "p_"].join("") + new Random(45).word(36);
    const stream = createRedactor().stream();
    const shared = Buffer.alloc(24);

    let text = "";
    for (const part of [`x ${token}`.slice(0, 24), `x ${token}`.slice(24).padEnd(24, " ")]) {
      shared.write(part);
      text += Buffer.from(stream.push(shared)).toString();
    }

    expect(text + Buffer.from(stream.end()).toString()).toBe(
      `x [REDACTED:github-token:1]${" ".repeat(6)}`,
    );
  });

  test("takes nothing after its end", () => {
    const stream = createRedactor().stream();
    stream.end();

    expect(() => stream.push(Buffer.from("x"))).toThrow(/closed/);
    expect(() => stream.end()).toThrow(/closed/);
  });

  test("gives nothing more after a failure", () => {
    const stream = createRedactor().stream();
    const hostile = new Proxy(Buffer.from("x"), {
      get(target, key) {
        if (key === "subarray") throw new Error("secret words");
        return Reflect.get(target, key);
      },
    });

    expect(() => stream.push(hostile)).toThrow(/^The redactor failed/);
    expect(() => stream.end()).toThrow(/closed/);
  });
});

test("a scanner finds in chunks what a scan finds at once", () => {
  const bytes = log(51, 30);
  const redactor = createRedactor();
  const scanner = redactor.scanner();

  for (let at = 0; at < bytes.length; at += 97) scanner.push(bytes.subarray(at, at + 97));

  expect(scanner.end()).toEqual(redactor.scan(bytes));
});
