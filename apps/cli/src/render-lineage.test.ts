import type { Lineage } from "@reseal/bundle";
import { digestBytes } from "@reseal/hash";
import pc from "picocolors";
import { expect, test } from "vitest";
import { lineageDot, lineageMermaid, lineageTree } from "./render-lineage.ts";

const [run, slope, fit] = ["run", "slope", "fit"].map((text) => digestBytes(text));
const plain = pc.createColors(false);

function node(seal = digestBytes(""), type: string, name: string | null = null) {
  return {
    seal,
    artifact_id: digestBytes(seal),
    run_id: "68b36848-4272-4698-af75-d359dbc9785a",
    type,
    status: "finished",
    name,
    created_at: "2026-11-21T08:30:12.000Z",
  };
}

function edge(child = digestBytes(""), parent: typeof child | undefined, relationship: string) {
  return {
    child,
    parent: parent ?? null,
    artifact_id: digestBytes(parent ?? "gone"),
    relationship,
  };
}

function lineageOf(changes: Partial<Lineage> = {}): Lineage {
  return {
    root: slope ?? digestBytes(""),
    nodes: [node(slope, "gradient"), node(run, "run", 'a "b" [c]\u001b'), node(fit, "calibration")],
    edges: [
      edge(slope, run, "gradient_of"),
      edge(fit, slope, "calibrates"),
      edge(run, undefined, "derived_from"),
    ],
    findings: [],
    is_cut: false,
    ...changes,
  };
}

test("the tree shows parents, then children, and what is missing", () => {
  const lines = lineageTree(lineageOf(), plain).split("\n");

  expect(lines).toHaveLength(4);
  expect(lines[0]).toMatch(/^gradient {2}[0-9a-f]{12} {2}seal [0-9a-f]{12} {2}finished$/);
  expect(lines[1]).toMatch(/^├─ from gradient_of {2}run .* a "b" \[c\]\\u001b$/);
  expect(lines[2]).toMatch(/^│ {2}└─ from derived_from .*missing$/);
  expect(lines[3]).toMatch(/^└─ to calibrates {2}calibration /);
});

test("a circle ends where it began, and a diamond is drawn once", () => {
  const circle = lineageTree(
    lineageOf({ edges: [edge(slope, run, "a"), edge(run, slope, "b")] }),
    plain,
  );
  const diamond = lineageTree(
    lineageOf({
      edges: [
        edge(slope, run, "a"),
        edge(slope, fit, "b"),
        edge(fit, run, "c"),
        edge(run, undefined, "d"),
      ],
    }),
    plain,
  );

  expect(circle.split("\n").length).toBeLessThan(8);
  expect(circle).toContain("(see above)");
  expect(diamond.match(/from d/g)).toHaveLength(1);
});

test("names cannot break out of a drawing", () => {
  expect(lineageDot(lineageOf())).toContain('a \\"b\\" [c]\\\\u001b"];');
  const mermaid = lineageMermaid(lineageOf());
  expect(mermaid).toContain("a #34;b#34; #91;c#93;#92;u001b");
  expect(mermaid).toContain("n0 -->|gradient_of| n1");
  expect(mermaid).toMatch(/m0\["missing<br>[0-9a-f]{12}"\]/);
});
