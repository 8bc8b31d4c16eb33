import { type Call, which } from "./call.ts";
import type { CaptureContext } from "./capture-context.ts";

/** One graphics processor, as its driver names it. */
export interface GpuFacts {
  readonly name: string;
  readonly driver: string;
  readonly memoryBytes?: number;
}

/** A driver without persistence mode needs a second or more to answer. */
const timeoutMs = 2000;

/**
 * Ask `nvidia-smi` for the cards, only where it is on `PATH`.
 *
 * Where it does not answer in two seconds, the driver's own files say all but the memory.
 */
export async function gpuFacts(
  context: CaptureContext,
  call: Call,
  signal: AbortSignal | undefined,
): Promise<readonly GpuFacts[] | undefined> {
  const program = await which(context, call, "nvidia-smi");
  if (program === undefined) return undefined;
  const query = ["--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"];
  try {
    const text = await context.system.run(program, query, { timeoutMs, env: call.env, signal });
    return text.split(/\r?\n/).flatMap(parseLine);
  } catch (error) {
    signal?.throwIfAborted();
    const found = await driverFiles(context);
    if (found.length > 0) return found;
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    context.warn("ENVIRONMENT_GPU_UNKNOWN", `nvidia-smi did not answer: ${reason}`);
    return undefined;
  }
}

/** `NVIDIA A100-SXM4-40GB, 535.104.05, 40960 MiB`; no name holds a comma. */
function parseLine(line: string): readonly GpuFacts[] {
  const [name = "", driver = "", memory = ""] = line.split(",").map((field) => field.trim());
  if (name === "" || driver === "") return [];
  const mebibytes = /^(\d+)\s*MiB$/.exec(memory)?.[1];
  return [
    {
      name,
      driver,
      ...(mebibytes === undefined ? {} : { memoryBytes: Number(mebibytes) * 2 ** 20 }),
    },
  ];
}

async function driverFiles(context: CaptureContext): Promise<readonly GpuFacts[]> {
  const version = (await context.readText("/proc/driver/nvidia/version")) ?? "";
  const driver = /Kernel Module\b.*?\s(\d+\.\d+[\d.]*)/.exec(version)?.[1];
  if (driver === undefined) return [];
  const root = "/proc/driver/nvidia/gpus";
  const cards = await context.list(root);
  const texts = await Promise.all(
    cards.map((card) => context.readText(`${root}/${card}/information`)),
  );
  return texts.flatMap((text) => {
    const name = /^Model:\s*(.+?)\s*$/m.exec(text ?? "")?.[1];
    return name === undefined ? [] : [{ name, driver }];
  });
}
