import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Random } from "../test/random.ts";
import { createRedactor, secretsFromEnvironment } from "./index.ts";
import { isKnowable } from "./known-values.ts";

const json = (text: string): string => JSON.stringify(text).slice(1, -1);
const unicode = (text: string): string =>
  [...text].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
const everyPercent = (text: string): string =>
  Buffer.from(text).toString("hex").replace(/../g, "%$&");

const value = 'pa"ss/w\u00f6rd\\+7 &x';
const writings: readonly (readonly [string, (text: string) => string])[] = [
  ["raw", (s) => s],
  ["JSON", json],
  ["JSON in JSON", (s) => json(json(s))],
  ["JSON in JSON in JSON", (s) => json(json(json(s)))],
  ["JSON with unicode escapes only", unicode],
  ["JSON in JSON with unicode escapes only", (s) => json(unicode(s))],
  ["JSON, ASCII only", (s) => json(s).replace("\u00f6", "\\u00f6")],
  ["JSON with escaped slashes", (s) => json(s).replaceAll("/", "\\/")],
  ["URL component", encodeURIComponent],
  ["form", (s) => encodeURIComponent(s).replaceAll("%20", "+")],
  [
    "URL component, small letters",
    (s) => encodeURIComponent(s).replace(/%../g, (m) => m.toLowerCase()),
  ],
  ["URL, every byte", everyPercent],
  ["URL twice", (s) => encodeURIComponent(encodeURIComponent(s))],
  ["hex", (s) => Buffer.from(s).toString("hex")],
  ["capital hex", (s) => Buffer.from(s).toString("hex").toUpperCase()],
  ["base64", (s) => Buffer.from(s).toString("base64")],
  ["base64 after one byte", (s) => Buffer.from(`\u0001${s}\u0002`).toString("base64")],
  ["base64 after two bytes", (s) => Buffer.from(`\u0001\u0001${s}\u0002`).toString("base64")],
  ["base64url", (s) => Buffer.from(`??>${s}>>?`).toString("base64url")],
  ["XML", (s) => s.replaceAll("&", "&amp;").replaceAll('"', "&quot;")],
  ["colours inside", (s) => `${s.slice(0, 5)}\u001b[0;1m${s.slice(5)}`],
];

describe("a known value", () => {
  test.for(writings)("is found as %s", ([, write]) => {
    const redactor = createRedactor({ secrets: [{ name: "X", value }] });

    const { text } = redactor.text(`say ${write(value)} end`);

    expect(text).toBe("say [REDACTED:known-value:1] end");
  });

  test("is found in bytes as well as in text", () => {
    const redactor = createRedactor({ secrets: [{ name: "X", value }] });
    const bytes = Buffer.concat([Buffer.from([0, 255]), Buffer.from(value), Buffer.from([254])]);

    expect(redactor.scan(bytes, { binary: true })).toEqual([{ rule: "known-value", count: 1 }]);
  });

  test("is found wherever it stands, in base64 of any surroundings", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.uint8Array({ maxLength: 40 }),
        fc.nat(),
        fc.constantFrom("base64", "base64url", "hex", "latin1" as const),
        (before, after, seed, encoding) => {
          const secret = new Random(seed).from("abcdefghjkmnpqrstuvwxyz23456789+/=!$", 14);
          fc.pre(isKnowable(secret));
          const redactor = createRedactor({ secrets: [{ name: "X", value: secret }] });
          const text = Buffer.concat([before, Buffer.from(secret), after]).toString(encoding);

          expect(redactor.scan(Buffer.from(text, "latin1"), { binary: true })).toEqual([
            { rule: "known-value", count: 1 },
          ]);
        },
      ),
    );
  });

  test("with newlines is found, also over chunks that end in one", () => {
    const lines = `first line 1\nsecond line 2\nthird line 3`;
    const redactor = createRedactor({ secrets: [{ name: "X", value: lines }] });
    const stream = redactor.stream();

    const parts = [...`a\n${lines}\nb\n`.matchAll(/.*\n/g)].map(([line]) =>
      stream.push(Buffer.from(line)),
    );
    const text = Buffer.concat([...parts, stream.end()]).toString();

    expect(text).toBe("a\n[REDACTED:known-value:1]\nb\n");
  });

  test.for(["short7!", "aaaaaaaaaaaaaaaa", "1234567890", "abcdefghijkl", ""])(
    "without length or entropy is ignored: %j",
    (plain) => {
      const text = `x ${plain} y`;

      expect(createRedactor({ secrets: [{ name: "X", value: plain }] }).text(text).text).toBe(text);
    },
  );

  test("in a binary file: formats and names are not looked for", () => {
    const token = ["gh", "p_"].join("") + new Random(3).word(36);

    expect(createRedactor().scan(`password=${token}`, { binary: true })).toEqual([]);
    expect(createRedactor().scan(`password=${token}`)).toHaveLength(1);
  });
});

describe("secrets from the environment", () => {
  const r = new Random(4);

  test("come from secret-looking names with values that may be secrets", () => {
    const secrets: Record<string, string> = {
      OPENAI_API_KEY: r.word(40),
      GH_TOKEN: r.word(36),
      DB_PASSWORD: ["Tr0ub4dor", "&3"].join(""),
      PGPASSWORD: ["correct", "horse", "battery", "staple"].join(" "),
      APP_SECRET: r.hex(32),
      AWS_SECRET_ACCESS_KEY: `/${r.base64(39)}`,
      SENTRY_DSN: `https://${r.hex(32)}@o1.ingest.sentry.io/1`,
      NPM_AUTH: r.base64(30),
      PRIVATE_PEM: `${"-".repeat(5)}BEGIN X${"-".repeat(5)}\n${r.base64(64)}`,
      GOOGLE_CREDENTIALS: `{"type":"service_account","id":"${r.hex(20)}"}`,
      MYSQL_PWD: ["s3cr3t", "!pw"].join(""),
      APIKEY: r.word(20),
      GITHUB_PAT: r.word(30),
    };

    const found = secretsFromEnvironment(secrets);

    expect(found.map(({ name }) => name).sort()).toEqual(Object.keys(secrets).sort());
    expect(found.every(({ name, value: found }) => secrets[name] === found)).toBe(true);
  });

  test("leave out paths, plain words, names, short and ordinary values", () => {
    const environment = {
      HOME: "/home/researcher",
      USER: "researcher",
      AUTH_USER: "researcher",
      SECRET_HOME: "/home/researcher",
      SSH_AUTH_SOCK: "/tmp/ssh-abc/agent.12",
      SSL_KEY_FILE: "/etc/ssl/private/key.pem",
      TLS_KEY: "./certs/server.key",
      AUTH_METHOD: "client_secret_basic",
      USE_TOKEN: "true",
      TOKEN_CACHE: "disabled",
      PASSWORD: "short",
      API_KEY: "YOUR_API_KEY",
      AUTH_URL: "https://auth.acme.dev/login",
      KEYBOARD: "qwerty-us-international-2",
      XDG_SESSION_ID: "c2a81f20b7d94e6f",
      KEY_ID: "c2a81f20b7d94e6f",
      TOKEN_TTL: "3600000000000",
      PATH: "/usr/bin:/bin:/usr/local/bin",
      SECRET_PATHS: "/usr/bin:/bin:/usr/local/bin",
      EMPTY_TOKEN: "",
      MISSING_TOKEN: undefined,
    };

    expect(secretsFromEnvironment(environment)).toEqual([]);
  });

  test("hold the password of any URL", () => {
    const url = `postgres://app:${["p%40ss", "w0rd9!"].join("")}@db/main`;

    expect(secretsFromEnvironment({ DATABASE_URL: url })).toEqual([
      { name: "DATABASE_URL", value: "p@ssw0rd9!" },
    ]);
  });
});
