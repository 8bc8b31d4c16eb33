import type { Lineage, LineageEdge, LineageNode } from "@reseal/bundle";
import { type Colors, harmless, shortDigest } from "./terminal.ts";

/** One line of a drawn tree and what hangs below it. */
interface Branch {
  readonly text: string;
  readonly below: () => readonly Branch[];
}

/**
 * A lineage as an indented tree: first the parents, then the children, each with theirs. What was
 * drawn before is named and not drawn again.
 */
export function lineageTree(lineage: Lineage, out: Colors): string {
  const nodes = nodesOf(lineage);
  const drawn = new Set<string>();
  const line = (seal: string | null, edge: LineageEdge | undefined, mark: string): string => {
    const node = seal === null ? undefined : nodes.get(seal);
    const how = edge === undefined ? "" : `${mark} ${out.dim(edge.relationship)}  `;
    if (node === undefined)
      return `${how}${shortDigest(edge?.artifact_id ?? "")}  ${out.yellow("not shown or missing")}`;
    const name = node.name === null ? "" : `  ${harmless(node.name)}`;
    return `${how}${node.type}  ${out.bold(shortDigest(node.artifact_id))}  seal ${shortDigest(node.seal)}  ${node.status}${name}`;
  };
  const follow = (seal: string, way: "up" | "down"): readonly Branch[] => {
    const [own, other] =
      way === "up" ? (["child", "parent"] as const) : (["parent", "child"] as const);
    return lineage.edges
      .filter((edge) => edge[own] === seal)
      .map((edge) => {
        const next = edge[other];
        const key = `${way} ${next}`;
        const isAgain = next === null || drawn.has(key);
        drawn.add(key);
        const again =
          isAgain && next !== null && hasMore(lineage, next, own) ? "  (see above)" : "";
        return {
          text: `${line(next, edge, way === "up" ? "from" : "to")}${again}`,
          below: () => (isAgain || next === null ? [] : follow(next, way)),
        };
      });
  };
  const { root } = lineage;
  drawn.add(`up ${root}`).add(`down ${root}`);
  const below = [...follow(root, "up"), ...follow(root, "down")];
  return [line(root, undefined, ""), ...draw(below, "")].join("\n");
}

/** A lineage in the language of Graphviz; arrows lead from what derives to what it derives from. */
export function lineageDot(lineage: Lineage): string {
  const lines = lineage.nodes.map(
    (node) => `  "${node.seal}" [label="${labelOf(node).map(quotedDot).join("\\n")}"];`,
  );
  const arrows = lineage.edges.map(
    ({ child, parent, artifact_id, relationship }) =>
      `  "${child}" -> "${parent ?? `missing ${artifact_id}`}" [label="${quotedDot(relationship)}"];`,
  );
  const missing = missingArtifacts(lineage).map(
    (id) => `  "missing ${id}" [label="missing\\n${shortDigest(id)}", style=dashed];`,
  );
  return [
    "digraph lineage {",
    "  rankdir=BT;",
    "  node [shape=box];",
    ...lines,
    ...missing,
    ...arrows,
    "}",
  ].join("\n");
}

/** A lineage as a Mermaid flow chart, for Markdown. */
export function lineageMermaid(lineage: Lineage): string {
  const ids = new Map<string, string>(lineage.nodes.map(({ seal }, index) => [seal, `n${index}`]));
  const missing = missingArtifacts(lineage);
  for (const [index, id] of missing.entries()) ids.set(id, `m${index}`);
  const boxes = lineage.nodes.map(
    (node) => `  ${ids.get(node.seal)}["${labelOf(node).map(quotedMermaid).join("<br>")}"]`,
  );
  const gone = missing.map((id) => `  ${ids.get(id)}["missing<br>${shortDigest(id)}"]`);
  const arrows = lineage.edges
    .filter(({ parent }) => parent === null || ids.has(parent))
    .map(
      ({ child, parent, artifact_id, relationship }) =>
        `  ${ids.get(child)} -->|${quotedMermaid(relationship)}| ${ids.get(parent ?? artifact_id)}`,
    );
  return ["flowchart BT", ...boxes, ...gone, ...arrows].join("\n");
}

function nodesOf({ nodes }: Lineage): ReadonlyMap<string, LineageNode> {
  return new Map(nodes.map((node) => [node.seal, node]));
}

function hasMore({ edges }: Lineage, seal: string, own: "child" | "parent"): boolean {
  return edges.some((edge) => edge[own] === seal);
}

function draw(branches: readonly Branch[], indent: string): string[] {
  return branches.flatMap(({ text, below }, index) => {
    const isLast = index === branches.length - 1;
    const first = `${indent}${isLast ? "└─ " : "├─ "}${text}`;
    return [first, ...draw(below(), `${indent}${isLast ? "   " : "│  "}`)];
  });
}

function labelOf({ type, artifact_id, name }: LineageNode): string[] {
  return [type, shortDigest(artifact_id), ...(name === null ? [] : [harmless(name)])];
}

function quotedDot(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
}

/** Everything that has a meaning in a label or in HTML, as Mermaid wants it. */
function quotedMermaid(text: string): string {
  return text.replaceAll(/["#<>&|`[\](){};\\]/g, (character) => `#${character.charCodeAt(0)};`);
}

function missingArtifacts({ edges }: Lineage): string[] {
  return [
    ...new Set(edges.filter(({ parent }) => parent === null).map((edge) => edge.artifact_id)),
  ];
}
