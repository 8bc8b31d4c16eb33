/** One exported function of a package, run in a plain node process after an install with npm. */
interface Smoke {
  /** An ES module beside the installed `node_modules`. */
  readonly script: string;
  /** What it prints. */
  readonly prints: RegExp;
}

/** One line per package or app, by the name of its folder. A new package fails until it has one. */
export const smokes: Readonly<Record<string, Smoke>> = {
  errors: {
    script: `import { defineErrors } from "@reseal/errors";
      const demo = defineErrors("DEMO", { GONE: { exitCode: 3, httpStatus: 404, hint: "Look." } });
      console.log(demo.GONE("Nothing there.").code);`,
    prints: /^DEMO_GONE$/,
  },
  hash: {
    script: `import { digestBytes } from "@reseal/hash";
      console.log(digestBytes("abc"));`,
    prints: /^sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad$/,
  },
  schema: {
    script: `import { validate } from "@reseal/schema";
      const findings = await validate("manifest", {});
      console.log(findings.length > 0 && typeof findings[0].pointer);`,
    prints: /^string$/,
  },
  redact: {
    script: `import { createRedactor } from "@reseal/redact";
      const redactor = createRedactor({ secrets: [{ name: "TOKEN", value: "k3yB0ard-7Xq9-zebra" }] });
      console.log(redactor.text("using k3yB0ard-7Xq9-zebra now").text);`,
    prints: /^using \[REDACTED:[^\]]+\] now$/,
  },
  store: {
    script: `import { createMemoryBlobStore } from "@reseal/store";
      const store = createMemoryBlobStore();
      console.log((await store.put(new TextEncoder().encode("abc"))).digest);`,
    prints: /^sha256:ba7816bf/,
  },
  "store-fs": {
    script: `import { openFsBlobStore } from "@reseal/store-fs";
      import { resolve } from "node:path";
      const store = await openFsBlobStore(resolve("blobs"));
      console.log((await store.put(new TextEncoder().encode("abc"))).digest);`,
    prints: /^sha256:ba7816bf/,
  },
  catalog: {
    script: `import { openSqliteCatalog } from "@reseal/catalog";
      const catalog = await openSqliteCatalog("store.db");
      console.log(await catalog.journalOffset());
      await catalog[Symbol.asyncDispose]();`,
    prints: /^0$/,
  },
  cite: {
    script: `import { citationOf, formatCitation } from "@reseal/cite";
      const digest = "sha256:" + "3f".repeat(32);
      const manifest = {
        content: { type: "run", inputs: { command: ["make"] } },
        context: { artifact_id: digest, run_id: "0b0e7d1e-4c0a-4a5c-9a55-0d6f6a6a3c11",
          created_at: "2026-01-02T03:04:05Z", title: "Drift", authors: [{ name: "Ada Lovelace" }] },
      };
      console.log(formatCitation(citationOf(manifest, digest), "bibtex"));`,
    prints: /^@misc\{[\s\S]*Lovelace/,
  },
  bundle: {
    script: `import { keysOf } from "@reseal/bundle";
      const keys = keysOf({ content_version: 1, type: "run", inputs: {}, results: { exit: { code: 0 } } });
      console.log(keys.artifactId, keys.resultKey);`,
    prints: /^sha256:[0-9a-f]{64} null$/,
  },
  record: {
    script: `import { expandCommand } from "@reseal/record";
      console.log(...expandCommand(["cp", "{in}/a", "{out}"], { in: "/from", out: "/to" }));`,
    prints: /^cp \/from\/a \/to$/,
  },
  replay: {
    script: `import { compareText } from "@reseal/replay";
      const { status, firstDifference } = compareText("one\\ntwo\\n", "one\\n2\\n");
      console.log(status, firstDifference.line);`,
    prints: /^different 2$/,
  },
  connect: {
    script: `import { openStores } from "@reseal/connect";
      const stores = await openStores("store", { create: true });
      console.log(await stores.catalog.journalOffset());
      await stores[Symbol.asyncDispose]();`,
    prints: /^0$/,
  },
  gc: {
    script: `import { defaultArtifactsConfig } from "@reseal/gc";
      console.log(defaultArtifactsConfig().families.map(({ name }) => name).join(" "));`,
    prints: /^proofs bench smoke90 explain greenwall$/,
  },
  cli: {
    script: `import { execFileSync } from "node:child_process";
      const reseal = (...args) =>
        execFileSync(process.execPath, ["node_modules/.bin/reseal", ...args], { encoding: "utf8" });
      console.log(reseal("--version").trim(), reseal("--help").includes("replay"));`,
    prints: /^\d+\.\d+\.\d+\S* true$/,
  },
};
