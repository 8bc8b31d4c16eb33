import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Stores } from "@reseal/store";
import { recordErrors } from "../errors.ts";
import { recordRun } from "../record-run.ts";
import { Spool } from "../spool.ts";
import type { EngineOptions, EngineRequest, EngineRun } from "./engine-request.ts";
import { execute } from "./execute.ts";
import type { CommandExecutor, Executor, GraphExecutor } from "./executor.ts";
import { type Graph, parseGraph } from "./graph.ts";
import { type Execution, prepareExecution } from "./prepare-execution.ts";

/**
 * Runs executors, and seals every run: there is no other way to get a result out of it.
 *
 * What an executor returns is the results object of an artifact that is durable before `run`
 * resolves. One that throws is sealed as failed, one that is aborted as interrupted, and one whose
 * process dies is sealed as incomplete by `recoverRuns`.
 * @example
 * const engine = new Engine(stores, { toolVersion: "1.0.0", env: process.env, workspace });
 * engine.register({
 *   kind: "function", name: "square", version: "1",
 *   execute: ({ parameters }) => ({ y: Number(parameters.x) ** 2 }),
 * });
 * const { values, seal } = await engine.run("square", { parameters: { x: 3 } });
 */
export class Engine {
  readonly stores: Stores;
  readonly options: EngineOptions;
  readonly #executors = new Map<string, Executor>();

  constructor(stores: Stores, options: EngineOptions) {
    this.stores = stores;
    this.options = options;
    for (const executor of options.executors ?? []) this.register(executor);
  }

  /**
   * Make an executor known by its name, so that a replay finds it.
   * @throws `RECORD_EXECUTOR_INVALID` for a name that is taken or is none.
   */
  register(executor: Executor): void {
    const { name } = executor;
    if (!/^[a-z0-9]+([.-][a-z0-9]+)*$/.test(name))
      throw recordErrors.EXECUTOR_INVALID(`${JSON.stringify(name)} is no name of an executor.`);
    if ((this.#executors.get(name) ?? executor) !== executor)
      throw recordErrors.EXECUTOR_INVALID(`There is an executor ${name} already.`);
    this.#executors.set(name, executor);
  }

  /** The executor of a name, when there is one. */
  executor(name: string): Executor | undefined {
    return this.#executors.get(name);
  }

  /**
   * Run an executor and seal the run.
   * @param executor A registered name, or an executor, which is thereby registered.
   * @throws `RECORD_EXECUTOR_NOT_FOUND`, `RECORD_EXECUTOR_INVALID`, `RECORD_STORE_READ_ONLY`,
   *   `RECORD_DESCRIPTION_INVALID` and, for a command, what `recordRun` throws: all before anything
   *   was executed.
   */
  async run(executor: string | Executor, request: EngineRequest = {}): Promise<EngineRun> {
    const found = this.#find(executor);
    if (found.kind === "command") return await this.#runCommand(found, request);
    if (found.kind === "graph")
      throw recordErrors.EXECUTOR_INVALID(`${found.name} runs graphs: use runGraph.`);
    return await this.#runInProcess({
      executor: found,
      graph: undefined,
      request,
      options: this.options,
    });
  }

  /**
   * Run a graph and seal the run, with the graph as `ir/original.json`.
   * @param graph Nodes and edges, as {@link parseGraph} takes them.
   * @param request `executor` may be left out when one graph executor is registered.
   * @throws `RECORD_GRAPH_INVALID` and what {@link run} throws.
   */
  async runGraph(
    graph: Graph,
    { executor, ...request }: EngineRequest & { readonly executor?: string | GraphExecutor } = {},
  ): Promise<EngineRun> {
    const found = executor === undefined ? this.#onlyGraphExecutor() : this.#find(executor);
    if (found.kind !== "graph")
      throw recordErrors.EXECUTOR_INVALID(`${found.name} does not run graphs.`);
    const parsed = parseGraph(graph);
    return await this.#runInProcess({
      executor: found,
      graph: parsed,
      request,
      options: this.options,
    });
  }

  #find(executor: string | Executor): Executor {
    if (typeof executor !== "string") {
      this.register(executor);
      return executor;
    }
    const found = this.#executors.get(executor);
    if (found !== undefined) return found;
    throw recordErrors.EXECUTOR_NOT_FOUND(`There is no executor ${JSON.stringify(executor)}.`);
  }

  #onlyGraphExecutor(): GraphExecutor {
    const [first, second] = [...this.#executors.values()].filter(({ kind }) => kind === "graph");
    if (first?.kind === "graph" && second === undefined) return first;
    throw recordErrors.EXECUTOR_NOT_FOUND(
      first === undefined ? "No graph executor is registered." : "Name one of the graph executors.",
    );
  }

  async #runInProcess({ request, ...asked }: Execution): Promise<EngineRun> {
    const { stores } = this;
    const calibration = request.calibration ?? this.options.calibration?.();
    const invariants = this.options.invariants?.();
    const execution = { ...asked, request: { ...request, calibration }, invariants };
    if (stores.readOnly)
      throw recordErrors.STORE_READ_ONLY(`The store ${stores.location} cannot be written.`);
    const runId = stores.ids.runId();
    const spool = Spool.create(join(stores.local, "tmp"), runId);
    try {
      const prepared = await prepareExecution(stores, spool, runId, execution);
      return await execute(stores, spool, prepared, execution);
    } catch (error) {
      if (!existsSync(spool.path("started"))) spool.remove();
      throw error;
    }
  }

  async #runCommand(executor: CommandExecutor, request: EngineRequest): Promise<EngineRun> {
    const { type = "run", calibration, about = [], seed, parameters, signal } = request;
    if (type !== "run" || calibration !== undefined || about.length > 0)
      throw recordErrors.EXECUTOR_INVALID(
        `${executor.name} is a command: it makes runs, about nothing and without calibration.`,
      );
    const { toolVersion, env, device, featureFlags, invariants } = this.options;
    const run = await recordRun(
      this.stores,
      {
        ...executor.request,
        toolVersion,
        env,
        device,
        featureFlags,
        invariants: invariants?.(),
        seed,
        parameters,
        description: { ...this.options.description, ...request.description },
        contextMetrics: request.contextMetrics ?? executor.request.contextMetrics,
      },
      { ...executor.io, signal },
    );
    const { status, error } = run.manifest.context;
    return { ...run, status, values: undefined, error };
  }
}
