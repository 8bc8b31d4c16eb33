import { canonicalJson, type JsonObject } from "@reseal/hash";
import { recordErrors } from "../errors.ts";

/** A node of a graph. */
export interface GraphNode {
  readonly id: string;
  readonly type: string;
  readonly params?: Readonly<Record<string, number>> | undefined;
  readonly measure_mode?: string | undefined;
}

/** A connection of a graph, from an output port to an input port. */
export interface GraphEdge {
  readonly src_node: string;
  readonly src_port?: string | undefined;
  readonly dst_node: string;
  readonly dst_port?: string | undefined;
  readonly delay?: number | undefined;
}

/**
 * The intermediate representation that a graph executor runs: nodes, edges, metadata. It is
 * sealed as `ir/original.json`, canonical JSON, and `content.inputs.ir` is its digest.
 */
export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/**
 * Take a value that should be a graph: ids are unique, edges join nodes that are there. Other
 * fields of nodes and edges are kept.
 * @throws `RECORD_GRAPH_INVALID`
 */
export function parseGraph(value: unknown): Graph {
  const problem = graphProblem(value);
  if (problem !== undefined) throw recordErrors.GRAPH_INVALID(problem);
  return JSON.parse(canonicalJson(value)) as Graph;
}

function graphProblem(value: unknown): string | undefined {
  if (!isObject(value)) return "A graph is an object with nodes and edges.";
  const { nodes, edges, metadata = {} } = value;
  if (!Array.isArray(nodes) || !Array.isArray(edges) || !isObject(metadata))
    return "A graph has lists of nodes and edges, and metadata is an object.";
  const ids = new Set<unknown>();
  for (const [index, node] of nodes.entries()) {
    if (!isObject(node) || typeof node.id !== "string" || typeof node.type !== "string")
      return `Node ${index} has no id or no type.`;
    if (ids.has(node.id)) return `The node ${node.id} is there twice.`;
    ids.add(node.id);
  }
  for (const [index, edge] of edges.entries())
    if (!isObject(edge) || !ids.has(edge.src_node) || !ids.has(edge.dst_node))
      return `Edge ${index} does not join two nodes of the graph.`;
  try {
    canonicalJson(value);
  } catch (error) {
    return `The graph cannot be written as JSON: ${(error as Error).message}`;
  }
  return undefined;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
