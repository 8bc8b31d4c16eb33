import { readFileSync } from "node:fs";
import type { CitableManifest, CitationOptions } from "../src/citation.ts";
import type { CitationFormatOptions } from "../src/format.ts";

/** A committed source of a citation; the golden files beside it are what it must give. */
export interface Vector {
  readonly manifest: CitableManifest;
  readonly seal: string;
  readonly options: CitationOptions & CitationFormatOptions;
}

export function readVector(name: string): Vector {
  return JSON.parse(readVectorFile(name, "source.json"));
}

export function readVectorFile(name: string, file: string): string {
  return readFileSync(new URL(`../vectors/${name}/${file}`, import.meta.url), "utf8");
}

const artifactId = `sha256:${"3f2a91b0c4de".padEnd(64, "0")}`;
export const seal = `sha256:${"a71f03d2".padEnd(64, "1")}`;
export const parentId = `sha256:${"77".repeat(32)}`;
export const parentSeal = `sha256:${"88".repeat(32)}`;

/** A manifest as sealed, with only what a citation reads. */
export function manifestWith(
  context: Partial<CitableManifest["context"]> = {},
  command?: readonly string[],
): CitableManifest {
  return {
    content: { type: "run", inputs: command === undefined ? {} : { command } },
    context: {
      artifact_id: artifactId,
      run_id: "0b0e7d1e-4c0a-4a5c-9a55-0d6f6a6a3c11",
      created_at: "2025-12-31T23:59:59.999Z",
      ...context,
    },
  };
}
