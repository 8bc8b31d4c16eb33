// Every command of the documentation runs, and the README shows every command of the program.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  commandBlocks,
  fenceLanguages,
  readerFolder,
  resealOutput,
  runDocument,
} from "./documents.ts";

const root = dirname(import.meta.dirname);
const guides = readdirSync(join(root, "docs", "guides")).filter((name) => name.endsWith(".md"));
const documents = [
  "README.md",
  "examples/README.md",
  "examples/lorenz/README.md",
  ...guides.map((name) => `docs/guides/${name}`),
  "docs/VERIFY.md",
];

let folder: string;
beforeEach(() => {
  folder = readerFolder();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test.concurrent.for(documents)("the commands of %s run, top to bottom", async (path, context) => {
  const reader = readerFolder();
  context.onTestFinished(() => rmSync(reader, { recursive: true, force: true }));
  const start = path.startsWith("examples/") ? dirname(path) : ".";

  const { findings, notRun, ran } = await runDocument(commandBlocks(read(path)), reader, start);

  for (const reason of notRun) process.stdout.write(`not run: ${path}, ${reason}\n`);
  context.expect(findings.join("\n\n")).toBe("");
  context.expect(ran).toBeGreaterThan(0);
});

test("the README shows each command at work", () => {
  const help = resealOutput(folder, ["--help"]);
  const section = /^Commands:\n([\s\S]*?)\n\n/m.exec(help)?.[1] ?? "";
  const commands = [...section.matchAll(/^ {2}(\w+)/gm)].map(([, name = ""]) => name);
  const shown = commandBlocks(read("README.md"))
    .flatMap((block) => block.commands.map(({ text }) => text))
    .join("\n");

  expect(commands.length).toBeGreaterThan(15);
  expect(commands.filter((name) => !new RegExp(`\\breseal ${name}\\b`).test(shown))).toEqual([]);
});

test("the README has the section that readers of other projects look for", () => {
  expect(read("README.md")).toMatch(/^## Artifact Management & Reproducibility$/m);
});

test.for([...documents, "docs/DOCUMENTATION_PROTOCOL.md"])(
  "the links of %s lead somewhere",
  (path) => {
    const links = [...withoutFences(read(path)).matchAll(/\]\(([^)\s]+)\)/g)].map(
      ([, to = ""]) => to,
    );
    const local = links.filter((to) => !/^(https?|mailto):/.test(to));
    const broken = local.filter((to) => !leadsSomewhere(path, to));

    expect(broken).toEqual([]);
  },
);

test.for(documents)("shell commands of %s stand in blocks that are run", (path) => {
  const others = fenceLanguages(read(path)).filter((name) => /^(bash|shell|zsh)$/.test(name));

  expect(others).toEqual([]);
});

test("the ids, the JSON and the figure shown are those that a reader gets", async () => {
  const bundle = await recordExample();
  const manifest = readJson(join(bundle, "manifest.json")) as { context: Context };
  const text = documents.map(read).join("\n");
  const shown = [
    ...text.matchAll(/sealed artifact ([0-9a-f]{12})/g),
    ...text.matchAll(/artifact id\]\(#[\w-]+\) is `([0-9a-f]{12})`/g),
  ];
  const guide = read("docs/guides/bundle-structure.md");
  const blocks = [...guide.matchAll(/^<!-- json: (.+?)(?:#(.+))? -->\n```json\n([\s\S]*?)^```$/gm)];

  expect(new Set(shown.map(([, id]) => `sha256:${id}`))).toEqual(
    new Set([manifest.context.artifact_id.slice(0, "sha256:".length + 12)]),
  );
  expect(read("docs/guides/lorenz.svg")).toBe(
    readFileSync(join(bundle, "outputs", "lorenz.svg"), "utf8"),
  );
  expect(blocks.length).toBeGreaterThan(5);
  for (const [, path = "", pointer, json = ""] of blocks) {
    const actual = resolvePointer(readJson(join(bundle, path)), pointer);
    if (pointer === "content") expect(JSON.parse(json)).toEqual(actual);
    else expect(actual, path).toMatchObject(shapeOf(JSON.parse(json)) as object);
  }
});

test("a command that fails, prints something else, or may not run is found", async () => {
  const text = [
    "```sh\necho fine\nfalse\n```",
    "```sh\necho never\n```",
    "<!-- not run: it is only shown -->\n```sh\nexit 3\n```",
  ].join("\n\n");
  const wrong = "```console\n$ echo one two\none three\n```";
  const right = [
    "<!-- exit status: 4 -->\n```console\n$ echo run 0123456789ab took 12 ms\nrun ba9876543210 took 3.1 s\n",
    "$ seq 3; (exit 4)\n1\n…\n```",
  ].join("\n");

  const failed = await runDocument(commandBlocks(text), folder);

  expect(failed.findings).toHaveLength(1);
  expect(failed.findings[0]).toContain("fine");
  expect(failed.notRun).toEqual(["line 11: it is only shown"]);
  expect((await runDocument(commandBlocks(wrong), folder)).findings[0]).toContain("one three");
  expect((await runDocument(commandBlocks(right), folder)).findings).toEqual([]);
});

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

function withoutFences(markdown: string): string {
  return markdown.replaceAll(/^(`{3,})[\s\S]*?^\1$/gm, "");
}

function leadsSomewhere(path: string, to: string): boolean {
  const [file = "", anchor] = to.split("#");
  const target = file === "" ? join(root, path) : resolve(root, dirname(path), file);
  if (!existsSync(target)) return false;
  if (anchor === undefined || !target.endsWith(".md")) return true;
  const headings = [...readFileSync(target, "utf8").matchAll(/^#+ (.+)$/gm)];
  return headings.some(([, title = ""]) => anchorOf(title) === anchor);
}

/** The anchor that GitHub makes of a heading. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

interface Context {
  readonly artifact_id: string;
}

/** The example with the seed of the guides, recorded and exported. */
async function recordExample(): Promise<string> {
  const script = [
    "cd examples/lorenz && reseal run --seed 1963 -- node experiment.mjs",
    "reseal export @last -o ../../bundle",
  ];
  const text = `\`\`\`sh\n${script.join("\n")}\n\`\`\``;
  expect((await runDocument(commandBlocks(text), folder)).findings).toEqual([]);
  return join(folder, "bundle");
}

/** A JSON file; of JSON lines the first that the program itself wrote. */
function readJson(path: string): unknown {
  const text = readFileSync(path, "utf8");
  return JSON.parse(path.endsWith(".jsonl") ? (text.split("\n")[1] ?? "") : text);
}

/** `a/b`: member `b` of member `a`; in the file list, the file with that name. */
function resolvePointer(value: unknown, pointer: string | undefined): unknown {
  return (pointer ?? "")
    .split("/")
    .filter((name) => name !== "")
    .reduce(
      (inner, name) =>
        Array.isArray(inner)
          ? (inner as { path: string }[]).find(({ path }) => path.endsWith(`/${name}`))
          : (inner as Record<string, unknown>)[name],
      value,
    );
}

/** The same names and types, whatever the values; of lists, that they are lists. */
function shapeOf(value: unknown): unknown {
  if (value === null) return null;
  if (Array.isArray(value)) return expect.any(Array);
  if (typeof value !== "object") return expect.any(Object(value).constructor);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shapeOf(member)]));
}
