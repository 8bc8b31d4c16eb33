import type { Context, Environment } from "@reseal/schema";

/** The hardware and software of an environment in one glance, for the manifest. */
export function provisionOf(environment: Environment | undefined): Context["provision"] {
  if (environment === undefined) return { hardware: {}, software: {} };
  const { comparable, cpu_count, memory_bytes } = environment;
  const { runtime, os, cpu, gpu } = comparable;
  return {
    hardware: {
      arch: os.arch,
      cpu: cpu.model,
      ...(cpu_count !== undefined && { cpu_count }),
      ...(memory_bytes !== undefined && { memory_bytes }),
      ...(gpu?.[0] !== undefined && { gpu: gpu.map(({ name }) => name).join(", ") }),
    },
    software: { [runtime.name]: runtime.version, [os.name]: os.version },
  };
}
