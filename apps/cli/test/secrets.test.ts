// No secret reaches a store, a spool or a temporary file of ours, whatever way it comes.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { afterAll, expect, test } from "vitest";
import { leftovers, main, Sandbox, until } from "./sandbox.ts";

const ends: (() => void)[] = [];
const sandbox = new Sandbox((end) => ends.push(end));
afterAll(() => {
  for (const end of ends) end();
});

/** Put together at run time, each another one, so that a hit says where it came from. */
let count = 0;
function makeToken(): string {
  count += 1;
  const noise = createHash("sha512").update(String(count)).digest("base64");
  return ["ghp", noise.replaceAll(/[^A-Za-z0-9]/g, "").slice(0, 36)].join("_");
}

const roles = [
  "argument",
  "flag",
  "variable",
  "stdout",
  "stderr",
  "split output",
  "config",
  "code",
  "input",
  "output",
  "output folder",
  "metric name",
  "event value",
  "event key",
  "code name",
  "input name",
  "output name",
  "ignored name",
  "git remote",
  "git branch",
  "note",
  "tag",
  "title",
] as const;
type Role = (typeof roles)[number];

const encodings: Readonly<Record<string, (text: string) => string>> = {
  raw: (text) => text,
  json: (text) => JSON.stringify({ nested: JSON.stringify({ text }) }),
  url: (text) => `https://host/?t=${encodeURIComponent(text)}&x=1`,
  base64: (text) => Buffer.from(`Bearer ${text}`).toString("base64"),
};

/** Every way in which a secret may be written down. */
function spellings(secret: string): Buffer[] {
  const base64 = [0, 1, 2].map((pad) =>
    Buffer.from("x".repeat(pad) + secret)
      .toString("base64")
      .slice(pad === 0 ? 0 : 4, -4),
  );
  const forms = [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString("hex"),
    ...base64,
  ];
  return [...new Set(forms)].map((form) => Buffer.from(form));
}

/** Files of ours below a folder: all of a store but what belongs to the child. */
function ownFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((path) => join(folder, path))
    .filter((path) => existsSync(path) && statSync(path).isFile())
    .filter((path) => !/\/tmp\/run-[^/]+\/(run|out|in)\//.test(path));
}

function hits(folder: string, secrets: Readonly<Record<string, string>>): string[] {
  const found: string[] = [];
  for (const file of ownFiles(folder)) {
    const bytes = Buffer.concat([Buffer.from(`${relative(folder, file)}\n`), readFileSync(file)]);
    for (const [role, secret] of Object.entries(secrets))
      if (spellings(secret).some((form) => bytes.includes(form)))
        found.push(`${role} in ${relative(folder, file)}`);
  }
  return found;
}

function plant(
  name: string,
  encode: (text: string) => string,
): {
  cwd: string;
  secrets: Record<Role, string>;
  args: readonly string[];
  env: Record<string, string>;
} {
  const secrets = Object.fromEntries(roles.map((role) => [role, makeToken()])) as Record<
    Role,
    string
  >;
  const cwd = sandbox.folder(name, {
    "config.json": JSON.stringify({ nested: { value: encode(secrets.config) } }),
    "code.py": `x = '${encode(secrets.code)}'\n`,
    "data/input.txt": encode(secrets.input),
    [`${secrets["code name"]}.py`]: "1\n",
    [`data/${secrets["input name"]}.txt`]: "1\n",
    ".gitignore": "*.ignored\nplan/\n",
    [`${secrets["ignored name"]}.ignored`]: "",
    // What the child is going to write; it must not stand in the command.
    "plan/out": `printf '%s\\n' '${encode(secrets.stdout)}'\nprintf '%s\\n' '${encode(secrets.stderr)}' >&2
printf '%s' '${secrets["split output"].slice(0, 20)}'; sleep 0.1; printf '%s\\n' '${secrets["split output"].slice(20)}'
printf '%s' '${encode(secrets.output)}' > result.txt
printf '%s' '${encode(secrets["output folder"])}' > "$RESEAL_OUTPUT_DIR/result.txt"
echo 1 > '${secrets["output name"]}.csv'
printf '%s\\n' '${JSON.stringify({ name: secrets["metric name"], value: 1 })}' >> "$RESEAL_RUN_DIR/metrics.jsonl"
printf '%s\\n' '${JSON.stringify({ event_type: "a.b", attrs: { v: secrets["event value"], [secrets["event key"]]: 1 } })}' >> "$RESEAL_RUN_DIR/events.jsonl"
touch ready
[ -z "$WAIT" ] || exec sleep 30
`,
  });
  const git = (...rest: readonly string[]): Buffer =>
    execFileSync("git", ["-c", "user.name=A", "-c", "user.email=a@b", ...rest], { cwd });
  git("init", "-q", "-b", secrets["git branch"]);
  git("remote", "add", "origin", `https://ada:${secrets["git remote"]}@host/x.git`);
  git("add", ".gitignore");
  git("commit", "-qm", "x");
  const described = [
    "--note",
    encode(secrets.note),
    "--tag",
    secrets.tag,
    "--title",
    secrets.title,
  ];
  return {
    cwd,
    secrets,
    args: [
      ...["run", ...described, "--config", "config.json", "--in", "data", "--"],
      ...["sh", "plan/out", encode(secrets.argument), `--token=${secrets.flag}`],
    ],
    env: { SERVICE_TOKEN: secrets.variable },
  };
}

test.for(Object.entries(encodings))(
  "a secret in each role, %s, is nowhere afterwards",
  async ([name, encode]) => {
    const { cwd, secrets, args, env } = plant(`whole-${name}`, encode);

    const { status, stderr } = await sandbox.reseal(args, { cwd, env });

    expect(status, stderr).toBe(0);
    expect(hits(join(cwd, ".reseal"), secrets)).toEqual([]);
    expect((await sandbox.reseal(["verify", "--all"], { cwd })).status).toBe(0);
    const { stdout } = await sandbox.reseal(["show", "@last", "--manifest"], { cwd });
    expect(stdout).toContain("[REDACTED:");
  },
);

test("nor after a kill -9 in the middle, before and after the next command", async () => {
  const { cwd, secrets, args, env } = plant("killed", encodings.raw ?? String);
  const { child, ended } = sandbox.start(process.execPath, [main, ...args], {
    cwd,
    env: { ...env, WAIT: "1" },
  });
  await until(() => existsSync(join(cwd, "ready")));
  child.kill("SIGKILL");
  const before = hits(join(cwd, ".reseal"), secrets);
  const tmp = join(cwd, ".reseal", "tmp");
  for (const spool of leftovers(join(cwd, ".reseal"))) {
    const file = join(tmp, spool, "started");
    if (!existsSync(file)) continue;
    const { child_pid } = JSON.parse(readFileSync(file, "utf8")) as { child_pid: number };
    process.kill(-child_pid, "SIGKILL");
  }
  await ended;

  const { status } = await sandbox.reseal(["ls"], { cwd, env });

  expect(before).toEqual([]);
  expect(status).toBe(0);
  expect(hits(join(cwd, ".reseal"), secrets)).toEqual([]);
});

test("nothing of it lies in the folder for temporary files, or in an export", async () => {
  const tmp = sandbox.folder("own-tmp");
  const { cwd, secrets, args, env } = plant("temporary", encodings.raw ?? String);
  await sandbox.reseal(args, { cwd, env: { ...env, TMPDIR: tmp } });

  await sandbox.reseal(["export", "@last", "-o", "../exported"], { cwd, env: { TMPDIR: tmp } });

  expect(hits(tmp, secrets)).toEqual([]);
  expect(hits(sandbox.path("exported"), secrets)).toEqual([]);
});

test("a folder that is sealed keeps its secrets to itself", async () => {
  const [inside, name] = [makeToken(), makeToken()];
  const cwd = sandbox.folder("sealing", {
    "results/a.csv": "1\n",
    "results/b.txt": inside,
    [`results/${name}.csv`]: "1\n",
  });

  const { status, stderr } = await sandbox.reseal(["seal", "results"], { cwd });

  expect(status).toBe(0);
  expect(stderr).toContain("secret");
  expect(hits(join(cwd, ".reseal"), { inside, name })).toEqual([]);
  expect(stderr).not.toContain(name);
});

test("the search finds what is there, and no two secrets are the same", () => {
  const all = Array.from({ length: 200 }, makeToken);
  expect(new Set(all).size).toBe(200);
  expect(all.every((token) => token.length === 40)).toBe(true);
  const secret = makeToken();
  const folder = sandbox.folder("control");
  for (const [name, encode] of Object.entries(encodings)) {
    writeFileSync(join(folder, name), encode(secret));
  }

  expect(hits(folder, { secret }).sort()).toEqual(
    Object.keys(encodings)
      .map((name) => `secret in ${name}`)
      .sort(),
  );
});
