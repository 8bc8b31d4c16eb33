import type { CaptureContext } from "./capture-context.ts";

/** What the processor is and what of it numerical libraries choose their code by. */
export interface ProcessorFacts {
  readonly model: string;
  /** Sorted; absent where the system does not say. */
  readonly features?: readonly string[];
}

/** Describe the first processor. */
export async function processorFacts(context: CaptureContext): Promise<ProcessorFacts> {
  // The first processor is enough; with hundreds of cores the whole file takes milliseconds.
  const head =
    context.system.platform === "linux"
      ? await context.readHead("/proc/cpuinfo", 16384)
      : undefined;
  const fields = firstFields(head?.toString("utf8") ?? "");
  const features = relevantFeatures(
    fields.get("flags") ?? fields.get("Features") ?? fields.get("isa"),
  );
  const model =
    fields.get("model name") ??
    fields.get("cpu") ??
    armModel(fields) ??
    fields.get("uarch") ??
    systemModel(context);
  return { model: model ?? "unknown", ...(features === undefined ? {} : { features }) };
}

function systemModel(context: CaptureContext): string | undefined {
  const model = context.system.cpuModel();
  return model === undefined || model === "" || model === "unknown" ? undefined : model;
}

function firstFields(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).trim();
    const value = line.slice(colon + 1).trim();
    if (colon < 0 || fields.has(name)) continue;
    if (value !== "") fields.set(name, value);
  }
  return fields;
}

/** Vector and matrix units, fused multiply-add, half precision: what changes the last bits. */
const relevant =
  /^(sse4_[12]|avx\w*|amx_\w+|fma4?|f16c|bmi[12]|neon|asimd\w*|sve\w*|sme(?!p$)\w*|bf16|i8mm|fphp|fcma|vx\w*)$/;

function relevantFeatures(text: string | undefined): readonly string[] | undefined {
  if (text === undefined) return undefined;
  if (/^rv(32|64)/.test(text)) return [text];
  const names = text.split(/\s+/).filter((name) => relevant.test(name));
  return [...new Set(names.map((name) => (name === "asimd" ? "neon" : name)))].sort();
}

/** Arm gives numbers, not names. */
const armParts: Readonly<Record<string, string>> = {
  "0x41/0xd03": "Cortex-A53",
  "0x41/0xd08": "Cortex-A72",
  "0x41/0xd0b": "Cortex-A76",
  "0x41/0xd0c": "Neoverse-N1",
  "0x41/0xd40": "Neoverse-V1",
  "0x41/0xd49": "Neoverse-N2",
  "0x41/0xd4f": "Neoverse-V2",
  "0x41/0xd84": "Neoverse-V3",
  "0x46/0x001": "A64FX",
  "0x48/0xd01": "Kunpeng-920",
  "0xc0/0xac3": "Ampere-1",
};

function armModel(fields: ReadonlyMap<string, string>): string | undefined {
  const key = `${fields.get("CPU implementer")}/${fields.get("CPU part")}`;
  return fields.has("CPU part") ? (armParts[key] ?? `ARM ${key}`) : undefined;
}
