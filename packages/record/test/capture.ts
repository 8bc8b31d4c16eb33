import type { MemoryBlobStore } from "@reseal/store";
import { FileGuard } from "../src/file-guard.ts";
import { openScans } from "../src/scan-inspector.ts";

/** Put together at run time, so that no scanner finds it in this file. */
export const token: string = ["ghp", "Zk3vQ8sLp1Xc7Rn5Tb9Yw2Md6Hf4Gj0Aa8Ue"].join("_");
/** A value that only its variable's name makes a secret. */
export const known: string = ["correct", "7f3Kq9", "Zr2Lw8"].join("-");

export function makeGuard(allows: (path: string) => boolean = () => false): FileGuard {
  const scans = openScans([{ name: "SERVICE_TOKEN", value: known }]);
  return new FileGuard(scans, allows, new Uint8Array(32));
}

/** All that a store holds, as one text. */
export async function storedText(blobs: MemoryBlobStore): Promise<string> {
  let text = "";
  for await (const { digest } of blobs.list())
    for await (const chunk of await blobs.get(digest))
      text += Buffer.from(chunk).toString("latin1");
  return text;
}
