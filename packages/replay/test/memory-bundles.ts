import { type BundleReader, openStoredBundle, sealBundle } from "@reseal/bundle";
import type { Context, Environment, FileEntry, Inputs, Results } from "@reseal/schema";
import type { Stores } from "@reseal/store";

/** What a bundle of a test holds; the rest is as it always is. */
export interface BundleParts {
  readonly type?: string;
  readonly inputs?: Inputs;
  readonly results?: Results;
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly config?: { [key: string]: unknown };
  readonly environment?: Partial<Environment["comparable"]>;
  readonly invariants?: NonNullable<Environment["invariants"]>;
  readonly status?: Context["status"];
  readonly capture?: Context["capture"];
  readonly withheld?: readonly string[];
}

const comparable: Environment["comparable"] = {
  runtime: { name: "cpython", version: "3.12.1" },
  packages: { numpy: "2.1.0" },
  os: { name: "debian", version: "12", arch: "x64" },
  cpu: { model: "Xeon 8272CL" },
};

const roles: ReadonlyMap<string, FileEntry["role"]> = new Map([
  ["code", "code"],
  ["inputs", "input"],
  ["outputs", "output"],
  ["metrics", "metrics"],
  ["events", "events"],
]);

/** Seal a bundle with these parts and open it. */
export async function bundleOf(stores: Stores, parts: BundleParts = {}): Promise<BundleReader> {
  const { files = { "outputs/x.txt": "x" }, config, environment } = parts;
  await using batch = await stores.blobs.openBatch();
  const staged = [];
  for (const [path, bytes] of Object.entries(files)) {
    const info = await batch.put(Buffer.from(bytes));
    const folder = /^\w+/.exec(path)?.[0] ?? "";
    staged.push({ path, role: roles.get(folder) ?? ("other" as const), ...info });
  }
  const { seal } = await sealBundle(stores, batch, {
    type: parts.type ?? "run",
    inputs: parts.inputs ?? { command: ["true"] },
    results: parts.results ?? { exit: { code: 0 } },
    files: staged,
    config: config && {
      schema_version: "reseal.config-snapshot/v1",
      format: "json",
      values: config,
    },
    environment: environment && {
      schema_version: "reseal.environment/v1",
      comparable: { ...comparable, ...environment },
      hostname: "host",
      cpu_count: 2,
      memory_bytes: 1024,
      tools: { reseal: "0.0.0" },
      lock_files: [],
      ...(parts.invariants && { invariants: parts.invariants }),
    },
    context: {
      run_id: stores.ids.runId(),
      status: parts.status ?? "finished",
      tool: { name: "reseal", version: "0.0.0" },
      provision: { hardware: {}, software: {} },
      tags: [],
      authors: [],
      parents: [],
      context_metrics: {},
      ...(parts.capture && { capture: parts.capture }),
      redaction: {
        counts: {},
        withheld: (parts.withheld ?? []).map((path) => ({
          path,
          size: 1,
          keyed_digest: `hmac-sha256:${"0".repeat(64)}`,
          rules: ["github-token"],
        })),
      },
      not_captured: {},
      warnings: [],
    },
  });
  return await openStoredBundle(stores, seal);
}
