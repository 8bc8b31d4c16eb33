import { expect, test } from "vitest";
import { makeTree } from "../test/temporary-tree.ts";
import { type ConfigFile, readConfigFile } from "./config-file.ts";

async function read(name: string, content: string | Uint8Array): Promise<ConfigFile> {
  const workspace = makeTree({ [name]: content, "sub/x": "" });
  return await readConfigFile(name, { workspace, cwd: workspace });
}

test.for([
  ["a.json", '{"a":{"b":[1,2.5,true,null,"x"]}}', "json"],
  ["a.yaml", "a:\n  b: [1, 2.5, true, null, x]\n", "yaml"],
  ["a.yml", "{a: {b: [1, 2.5, true, ~, 'x']}}", "yaml"],
  ["a.cfg", "a: {b: [1, 2.5, true, null, x]}", "yaml"],
  ["A.JSON", '{"a":{"b":[1,2.5,true,null,"x"]}}', "json"],
] as const)("reads %s", async ([name, text, format]) => {
  const config = await read(name, text);

  expect(config).toEqual({ format, path: name, values: { a: { b: [1, 2.5, true, null, "x"] } } });
});

test("reads TOML, with dates as text", async () => {
  const { values, format } = await read(
    "a.toml",
    'when = 1979-05-27T07:32:00Z\nday = 1979-05-27\n[a]\nb = [1, 2.5, true]\nc = """x"""\n',
  );

  expect(format).toBe("toml");
  expect(values).toEqual({
    when: "1979-05-27T07:32:00.000Z",
    day: "1979-05-27",
    a: { b: [1, 2.5, true], c: "x" },
  });
});

test("aliases of YAML are written out", async () => {
  const { values } = await read("a.yaml", "base: &b {x: 1}\none: *b\ntwo: *b\n");

  expect(values).toEqual({ base: { x: 1 }, one: { x: 1 }, two: { x: 1 } });
});

const bomb = [
  "a: &a [x, x, x, x, x, x, x, x, x]",
  ...["b", "c", "d", "e", "f", "g", "h"].map((name, index) => {
    const previous = "abcdefg"[index];
    return `${name}: &${name} [${Array.from({ length: 9 }, () => `*${previous}`).join(", ")}]`;
  }),
].join("\n");

test.for([
  ["JSON with a comment", "a.json", '{"a":1} // x'],
  ["JSON with a key twice", "a.json", '{"a":1,"a":2}'],
  ["JSON with a number that is not exact", "a.json", '{"a":9007199254740993}'],
  ["JSON with NaN", "a.json", '{"a":NaN}'],
  ["JSON that is a list", "a.json", "[1]"],
  ["JSON that is nothing", "a.json", ""],
  ["JSON with a byte order mark", "a.json", '\ufeff{"a":1}'],
  ["JSON deeper than any", "a.json", `${'{"a":'.repeat(300)}1${"}".repeat(300)}`],
  ["JSON that is not UTF-8", "a.json", new Uint8Array([0x7b, 0xff, 0x7d])],
  ["YAML with a key twice", "a.yaml", "a: 1\na: 2\n"],
  ["YAML that is a bomb", "a.yaml", bomb],
  ["YAML in a circle", "a.yaml", "a: &a [*a]\n"],
  ["YAML with infinity", "a.yaml", "a: .inf\n"],
  ["YAML with a number that is not exact", "a.yaml", "a: 9007199254740993\n"],
  ["YAML that is text", "a.yaml", "only text\n"],
  ["YAML that is empty", "a.yaml", "# nothing\n"],
  ["YAML of several documents", "a.yaml", "a: 1\n---\nb: 2\n"],
  ["YAML that is torn", "a.yaml", "a: [1, 2\n"],
  ["YAML deeper than any", "a.yaml", `a: ${"[".repeat(20_000)}${"]".repeat(20_000)}`],
  ["YAML with the key of all objects", "a.yaml", "__proto__: {polluted: true}\n"],
  ["YAML with half a character", "a.yaml", 'a: "\\ud800"\n'],
  ["YAML 1.1 with a set", "a.yaml", "%YAML 1.1\n---\na: !!set {x, y}\n"],
  ["YAML 1.1 with binary data", "a.yaml", "%YAML 1.1\n---\na: !!binary aGVsbG8=\n"],
  ["YAML that is not UTF-8", "a.yaml", new Uint8Array([0x61, 0x3a, 0x20, 0xff])],
  ["TOML with a key twice", "a.toml", "a = 1\na = 2\n"],
  ["TOML with infinity", "a.toml", "a = inf\n"],
  ["TOML with a number that is not exact", "a.toml", "a = 9007199254740993\n"],
  ["TOML that is torn", "a.toml", "a = [1,\n"],
] as const)("refuses %s", async ([, name, content]) => {
  await expect(read(name, content)).rejects.toMatchObject({
    code: "RECORD_CONFIG_INVALID",
    exitCode: 2,
    message: expect.stringContaining(name),
  });
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});

test("a path starts from the current folder and is named from the workspace", async () => {
  const workspace = makeTree({ "conf/a.json": "{}" });
  const outside = makeTree({ "b.json": "{}" });
  const places = { workspace, cwd: `${workspace}/conf` };

  expect((await readConfigFile("a.json", places)).path).toBe("conf/a.json");
  expect((await readConfigFile(`${outside}/b.json`, places)).path).toBe("b.json");
});

test.for(["nothing.yaml", "folder"])("%s cannot be read", async (name) => {
  const workspace = makeTree({ "folder/x": "" });

  await expect(readConfigFile(name, { workspace, cwd: workspace })).rejects.toMatchObject({
    code: "RECORD_INPUT_NOT_FOUND",
    exitCode: 3,
  });
});
