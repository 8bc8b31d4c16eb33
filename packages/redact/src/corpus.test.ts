import { expect, test } from "vitest";
import { contexts, providers } from "../test/corpus.ts";
import { hardNegatives } from "../test/hard-negatives.ts";
import { Random } from "../test/random.ts";
import { measureRecall } from "../test/recall.ts";
import { createRedactor } from "./redactor.ts";

test.for([1, 2, 3])(
  "secrets of all providers in all contexts are covered whole, seed %d",
  (seed) => {
    const { total, misses } = measureRecall(seed);

    expect(total).toBe(providers.length * contexts.length);
    expect(providers.length).toBeGreaterThanOrEqual(40);
    expect(contexts).toHaveLength(10);
    expect(1 - misses.length / total, JSON.stringify(misses.slice(0, 5))).toBeGreaterThanOrEqual(
      0.98,
    );
  },
);

test("what looks like a secret and is none stays, in every writing", () => {
  const redactor = createRedactor();

  for (let seed = 1; seed <= 20; seed += 1) {
    const lines = hardNegatives(new Random(seed));
    expect(lines.length).toBeGreaterThanOrEqual(60);
    for (const line of lines) {
      const writings = [
        line,
        JSON.stringify({ message: line }),
        JSON.stringify(JSON.stringify({ message: line })),
        `payload ${Buffer.from(line).toString("base64")}`,
        encodeURIComponent(line),
        `\u001b[32m${line}\u001b[0m`,
      ];
      for (const writing of writings) {
        expect(redactor.text(writing), `seed ${seed}`).toEqual({ text: writing, findings: [] });
      }
    }
  }
});

test("a format with a prefix of its own is found without a telling name", () => {
  const random = new Random(5);
  const needName = /^(?:aws secret|azure storage|twilio token|wandb|cloudflare|heroku|password)$/;

  for (const provider of providers.filter(({ name }) => !needName.test(name))) {
    const line = `note ${provider.make(random)} end`;

    expect(createRedactor().text(line).findings, provider.name).not.toEqual([]);
  }
});

test("an AWS secret key is found next to its key id", () => {
  const random = new Random(6);
  const id = ["AK", "IA"].join("") + random.from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16);
  const secret = random.base64(38) + random.word(1) + random.digits(1);

  const { text } = createRedactor().text(`user,${id},${secret},active`);

  expect(text).toBe("user,[REDACTED:aws-access-key:1],[REDACTED:aws-secret-key:1],active");
});

test("UTF-16 text is read", () => {
  const token = ["gh", "p_"].join("") + new Random(7).word(36);

  const findings = createRedactor().scan(Buffer.from(`x = ${token}\n`, "utf16le"));

  expect(findings).toEqual([{ rule: "github-token", count: 1 }]);
});
