import { type BundleReader, openStoredBundle, readText } from "@reseal/bundle";
import type { Stores } from "@reseal/store";
import { type RecordedRun, recordRun } from "../src/record-run.ts";
import type { RunIo, RunRequest } from "../src/run-request.ts";

export const env: Readonly<Record<string, string | undefined>> = {
  PATH: process.env.PATH,
  HOME: "/nowhere",
};

/** Record a shell script in a folder. */
export function record(
  stores: Stores,
  workspace: string,
  script: string,
  request: Partial<RunRequest> = {},
  io: RunIo = {},
): Promise<RecordedRun> {
  return recordRun(
    stores,
    {
      argv: ["sh", "-c", script],
      places: { workspace, cwd: workspace },
      env,
      toolVersion: "0.0.0",
      ...request,
    },
    io,
  );
}

export function readerOf(stores: Stores, run: Pick<RecordedRun, "seal">): Promise<BundleReader> {
  return openStoredBundle(stores, run.seal);
}

export async function fileOf(
  stores: Stores,
  run: Pick<RecordedRun, "seal">,
  path: string,
): Promise<string | undefined> {
  return await readText(await readerOf(stores, run), path);
}
