import { expect, test } from "vitest";
import { Random } from "../test/random.ts";
import { createRedactor } from "./redactor.ts";

const bar = "-".repeat(5);
const pem = ["BEGIN", "PRIVATE", "KEY"].join(" ");
const akia = ["AK", "IA"].join("");

/** Pieces that, repeated, would hurt a backtracking expression or a scan that starts again. */
const hostile: readonly string[] = [
  ...[
    "a",
    "A",
    "\n",
    " ",
    '"',
    "'",
    "\\",
    "\\/",
    "\\u0041",
    "\\\\u0041\n",
    "%41",
    "%25",
    "%41 ",
    "\0",
  ],
  ...[
    "token",
    "secret=",
    'secret="',
    'secret="password=\\"',
    "password: ",
    "key: key: ",
    "token(",
    "<token>",
  ],
  ...[
    "secret ",
    "name_key_key_",
    ['api_key="', "token=", '\\"', "secret", "='"].join(""),
    `secret:${"\\".repeat(20)}"`,
  ],
  ...[
    `${bar}${pem}${bar}`,
    `${bar}${pem}${bar}\nAAAA`,
    "BEGIN ",
    "eyJ",
    "eyJhbGciOiJI.",
    "basic QUFB",
  ],
  ...[
    "://a:a:a",
    "a://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:",
    "bearer ",
    "sk-",
    "AzSe",
    "wandb ",
    "twilio",
  ],
  ...[
    "\u001b[31m",
    "\u001b[",
    "QUFB",
    `${"QUFB".repeat(13)}\n`,
    "MTIzNDU2Nzg5MDEyMzQ1Njc4.",
    "[REDACTED:a:1]",
  ],
  ...[akia, `${akia}QWERTYUIOPASDFGH `, `${akia}QWERTYUIOPASDFGH${"a1B2".repeat(10)},`],
];

function milliseconds(step: () => void): number {
  const start = performance.now();
  step();
  return performance.now() - start;
}

/** The time of the fastest of three goes. */
function fastest(step: () => void): number {
  return Math.min(milliseconds(step), milliseconds(step), milliseconds(step));
}

test.for(hostile)(
  "a megabyte of %j takes twice the time of half of it",
  { timeout: 120_000 },
  (piece) => {
    const sized = (bytes: number): string =>
      piece.repeat(Math.ceil(bytes / piece.length)).slice(0, bytes);
    const [half, whole] = [sized(1 << 19), sized(1 << 20)];
    createRedactor().text(sized(1 << 15));

    const halfTime = fastest(() => createRedactor().text(half));
    const wholeTime = fastest(() => createRedactor().text(whole));

    // Quadratic work would be four times; a few milliseconds are noise.
    expect(wholeTime).toBeLessThan(3.2 * halfTime + 40);
  },
);

test("clean lines pass about as fast as JSON.parse reads them", { retry: 3 }, () => {
  const r = new Random(9);
  const lines = Array.from({ length: 8000 }, (_, step) =>
    JSON.stringify({
      time: `2026-01-01T00:00:0${step % 10}.000Z`,
      run_id: r.uuid(),
      event_type: "metric.logged",
      attrs: {
        step,
        loss: r.below(1e9) / 1e9,
        message: "epoch finished; checkpoint saved",
        digest: r.hex(64),
      },
    }),
  );
  const bytes = Buffer.from(`${lines.join("\n")}\n`);
  const redactor = createRedactor();
  const redact = (): void => {
    const stream = redactor.stream();
    stream.push(bytes);
    stream.end();
  };
  const parse = (): void => {
    for (const line of bytes.toString("utf8").split("\n")) if (line !== "") JSON.parse(line);
  };
  redact();
  parse();

  const ratio = fastest(parse) / fastest(redact);

  // Measured 1.1 on an idle machine; half of that is left to a busy one.
  expect(ratio).toBeGreaterThan(0.5);
});
