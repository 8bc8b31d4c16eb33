import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contexts, providers } from "../test/corpus.ts";
import { hardNegatives } from "../test/hard-negatives.ts";
import { Random } from "../test/random.ts";
import { createRedactor, redactErrors } from "./index.ts";

const random = new Random(11);
// Put together here: no line of this file may look like a secret.
const password = ["hunter", "22x"].join("");
const github = (): string => ["gh", "p_"].join("") + random.word(36);

describe("placeholders", () => {
  test("number distinct secrets of a rule in order of first appearance", () => {
    const [a, b] = [github(), github()];
    const redactor = createRedactor();

    const first = redactor.text(`${a} ${b} ${a}`);
    const later = redactor.text(b);

    expect(first.text).toBe(
      "[REDACTED:github-token:1] [REDACTED:github-token:2] [REDACTED:github-token:1]",
    );
    expect(later.text).toBe("[REDACTED:github-token:2]");
    expect(first.findings).toEqual([{ rule: "github-token", count: 3 }]);
  });

  test("one secret has one number however it is written", () => {
    const token = github();
    const redactor = createRedactor();

    const plain = redactor.text(token).text;
    const encoded = redactor.text(Buffer.from(`say ${token}!`).toString("base64")).text;
    const coloured = redactor.text(`${token.slice(0, 9)}\u001b[1m${token.slice(9)}`).text;

    expect([encoded, coloured]).toEqual([plain, plain]);
  });

  test("another redactor gives the same bytes", () => {
    const text = `${github()}\npassword=${random.word(14)}\n${github()}`;

    expect(createRedactor().text(text)).toEqual(createRedactor().text(text));
  });

  test("findings never hold a secret", () => {
    const token = github();

    expect(JSON.stringify(createRedactor().text(token).findings)).not.toContain(token.slice(4));
  });

  test("redacting twice is the same as once", () => {
    const fragment = fc.oneof(
      fc.constantFrom("password=", " token: ", '"', "\\n", "\n", "[REDACTED:wandb-key:1]", "%3D"),
      fc.constantFrom(" ", "-", "=", "wandb ", "Bearer ", "secret=", "AK", "://u:", "@h", "'"),
      fc.nat(100_000).map((seed) => {
        const r = new Random(seed);
        const provider = r.pick(providers);
        return r.pick(contexts).write(provider, provider.make(r), r);
      }),
      fc.nat(1000).map((seed) => new Random(seed).pick(hardNegatives(new Random(seed)))),
      fc.string({ maxLength: 12 }),
    );
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 8 }), (parts) => {
        const once = createRedactor().text(parts.join("")).text;
        const twice = createRedactor().text(once);

        expect(twice.text).toBe(once);
        expect(twice.findings).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });
});

describe("text", () => {
  test("clean text comes back as it is, also with lone surrogates", () => {
    const text = "caf\u00e9 \ud83d\ude80 \ud800 50% of C:\\new\\temp";

    expect(createRedactor().text(text)).toEqual({ text, findings: [] });
  });

  test("what is around a secret keeps its characters", () => {
    const { text } = createRedactor().text(`h\u00e9 \ud83d\ude80 ${github()} \u00fc`);

    expect(text).toBe("h\u00e9 \ud83d\ude80 [REDACTED:github-token:1] \u00fc");
  });

  test("extra key names count, whatever their case and punctuation", () => {
    const redactor = createRedactor({ keys: ["launchCode"] });

    expect(redactor.text("LAUNCH_CODE=x9-yy-22z").text).toBe("LAUNCH_CODE=[REDACTED:password:1]");
    expect(redactor.text("launchCode=x9-yy-22z").text).toBe("launchCode=[REDACTED:password:1]");
    expect(redactor.json({ "launch-code": 17 }).value).toEqual({
      "launch-code": "[REDACTED:password:2]",
    });
  });

  test.for([
    ['PASSWORD="~; ~"', 'PASSWORD="[REDACTED:password:1]"'],
    ["PASSWORD=a;b&c|~(e)f\nNEXT=1", "PASSWORD=[REDACTED:password:1]\nNEXT=1"],
    ["mysql --password ~ -e q", "mysql --password [REDACTED:password:1] -e q"],
    ["<password>~</password>", "<password>[REDACTED:password:1]</password>"],
    ["machine h login me password ~", "machine h login me password [REDACTED:password:1]"],
    [
      '{"name":"DB_PASSWORD","value":"~"}',
      '{"name":"DB_PASSWORD","value":"[REDACTED:password:1]"}',
    ],
    ["password: str = '~'", "password: str = '[REDACTED:password:1]'"],
    ['config["password"] = "~"', 'config["password"] = "[REDACTED:password:1]"'],
    ["https://me:~@host/path", "https://me:[REDACTED:url-password:1]@host/path"],
    ["curl -u me:~ https://host", "curl -u me:[REDACTED:basic-auth:1] https://host"],
  ] as const)("%s", ([text, expected]) => {
    expect(createRedactor().text(text.replaceAll("~", password)).text).toBe(expected);
  });
});

describe("json", () => {
  test("values under secret names go whatever they look like, the shape stays", () => {
    const value = {
      password: "abc",
      api_key: 12345,
      auth_tokens: ["a1", "b2", 3],
      credentials: { user: "me", secret: "x" },
      prompt_tokens: 812,
      token_type: "bearer",
      token: null,
      secret: true,
      list: [{ name: "API_TOKEN", value: "v" }],
    };

    const redacted = createRedactor().json(value);

    expect(redacted.value).toEqual({
      password: "[REDACTED:password:1]",
      api_key: "[REDACTED:named-secret:1]",
      auth_tokens: [
        "[REDACTED:named-secret:2]",
        "[REDACTED:named-secret:3]",
        "[REDACTED:named-secret:4]",
      ],
      credentials: { user: "me", secret: "[REDACTED:named-secret:5]" },
      prompt_tokens: 812,
      token_type: "bearer",
      token: null,
      secret: true,
      list: [{ name: "API_TOKEN", value: "[REDACTED:named-secret:6]" }],
    });
    expect(redacted.findings).toEqual([
      { rule: "named-secret", count: 6 },
      { rule: "password", count: 1 },
    ]);
    expect(value.password).toBe("abc");
  });

  test("references to secrets and placeholders stay", () => {
    const value = {
      password: ["$", "{DB_PASSWORD}"].join(""),
      api_key: "",
      token: "[REDACTED:password:1]",
    };

    expect(createRedactor().json(value)).toEqual({ value, findings: [] });
  });

  test("tokens in strings and in keys go, and keys stay apart", () => {
    const token = github();

    const { value } = createRedactor().json({
      [token]: 1,
      note: `see ${token}`,
      [`x ${token}`]: 2,
    });

    expect(value).toEqual({
      "[REDACTED:github-token:1]": 1,
      note: "see [REDACTED:github-token:1]",
      "x [REDACTED:github-token:1]": 2,
    });
  });

  test("a key named __proto__ stays a key", () => {
    const { value } = createRedactor().json(JSON.parse('{"__proto__":{"password":"abc"}}'));

    expect(JSON.stringify(value)).toBe('{"__proto__":{"password":"[REDACTED:password:1]"}}');
  });

  test("what is not JSON, or has no end, is refused", () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);

    expect(() => createRedactor().json({ at: new Date(0) })).toThrow(/not JSON/);
    expect(() => createRedactor().json(() => 1)).toThrow(/not JSON/);
    expect(() => createRedactor().json(cycle)).toThrow(/nesting/);
    expect(redactErrors.TOO_DEEP.exitCode).toBe(5);
  });
});

describe("argv", () => {
  test("flags, assignments and tokens are handled, the number of arguments stays", () => {
    const token = github();

    const { argv } = createRedactor().argv([
      ...[
        "deploy",
        "--password",
        "abc",
        "--password=abc",
        "DB_PASSWORD=xyz",
        "--max-tokens",
        "4096",
      ],
      ...[
        "--token-file",
        "/run/secret",
        "-H",
        `Authorization: Bearer ${token}`,
        "--api-key",
        "--verbose",
      ],
      ...["--header=X", `https://me:${password}@host`, `GITHUB_TOKEN=${token}`],
    ]);

    expect(argv).toEqual([
      ...["deploy", "--password", "[REDACTED:password:1]", "--password=[REDACTED:password:1]"],
      ...[
        "DB_PASSWORD=[REDACTED:password:2]",
        "--max-tokens",
        "4096",
        "--token-file",
        "/run/secret",
      ],
      ...["-H", "Authorization: Bearer [REDACTED:github-token:1]", "--api-key", "--verbose"],
      ...["--header=X", "https://me:[REDACTED:url-password:1]@host"],
      "GITHUB_TOKEN=[REDACTED:github-token:1]",
    ]);
  });

  test("a token before an equals sign goes like one behind it", () => {
    const token = github();

    const { argv, findings } = createRedactor().argv([
      ...[`${token}=1`, `--${token}=x`, `A_${token}=${token}`],
    ]);

    expect(argv).toEqual([
      ...["[REDACTED:github-token:1]=1", "--[REDACTED:github-token:1]=x"],
      "A_[REDACTED:github-token:1]=[REDACTED:github-token:1]",
    ]);
    expect(findings).toContainEqual({ rule: "github-token", count: 4 });
  });

  test("a token is found with the extension of a file behind it", () => {
    const random = new Random(5);
    const isBare = (argument: string): boolean =>
      createRedactor().argv([argument]).argv[0]?.includes(argument.slice(4, 16)) === true;

    for (const { name, make } of providers) {
      const token = make(random);
      if (isBare(token)) continue; // A secret by its name alone.
      for (const tail of [".txt", ".json", ".tar.gz", "=1"])
        expect(isBare(`${token}${tail}`), `${name}${tail}`).toBe(false);
    }
  });
});

test("a redactor that fails gives no text and quotes none", () => {
  const hostile = 5 as unknown as string;

  expect(() => createRedactor().text(hostile)).toThrow(/redactor failed/);
});
