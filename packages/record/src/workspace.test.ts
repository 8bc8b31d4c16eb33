import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeTree } from "../test/temporary-tree.ts";
import { findWorkspace, userName, workspaceId } from "./workspace.ts";

test("the workspace is the nearest folder upward with a store or a reseal.yaml", () => {
  const root = makeTree({ "outer/reseal.yaml": "", "outer/inner/deep/x": "", "outer/.git/x": "" });

  expect(findWorkspace(join(root, "outer", "inner", "deep"))).toBe(join(root, "outer"));
  mkdirSync(join(root, "outer", "inner", ".reseal"));
  expect(findWorkspace(join(root, "outer", "inner", "deep"))).toBe(join(root, "outer", "inner"));
});

test("it is never guessed from git, and a file called .reseal is no store", () => {
  const root = makeTree({ ".git/HEAD": "", "a/b/x": "" });
  writeFileSync(join(root, "a", ".reseal"), "");

  expect(findWorkspace(join(root, "a", "b"))).toBe(join(root, "a", "b"));
});

test("a workspace has one name, which says nothing of it", () => {
  expect(workspaceId("/home/ada/x")).toMatch(/^[0-9a-f]{16}$/);
  expect(workspaceId("/home/ada/x")).toBe(workspaceId("/home/ada/x"));
  expect(workspaceId("/home/ada/x")).not.toBe(workspaceId("/home/ada/y"));
});

test("whoever runs this has a name, also without an entry in /etc/passwd", () => {
  expect(userName()).toBe(userInfo().username);
  if (process.getuid?.() !== 0) return;
  const script = `
    const { userName } = await import(${JSON.stringify(join(import.meta.dirname, "workspace.ts"))});
    process.setuid(45678);
    process.stdout.write(userName());`;
  const args = ["--experimental-strip-types", "--no-warnings", "--input-type=module", "-e", script];

  expect(execFileSync(process.execPath, args, { encoding: "utf8" })).toBe("uid 45678");
});
