import { lstatSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { digestBytes } from "@reseal/hash";
import { expect, onTestFinished, test } from "vitest";
import { findBlob } from "./blob-presence.ts";
import { blobPath } from "./layout.ts";

test("a young blob is unsettled unless somebody saw it durable since it got its name", () => {
  const root = mkdtempSync(join(tmpdir(), "reseal-presence-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const path = blobPath(root, digestBytes("young"));
  expect(findBlob(path, 5, false)).toBeUndefined();
  mkdirSync(dirname(path.file), { recursive: true });
  writeFileSync(path.file, "young");
  const { ctimeMs } = lstatSync(path.file);

  expect(findBlob(path, 5, false)).toEqual({ isUnsettled: true });
  expect(findBlob(path, 5, false, ctimeMs - 1)).toEqual({ isUnsettled: true });
  expect(findBlob(path, 5, false, ctimeMs)).toEqual({ isUnsettled: false });
});
