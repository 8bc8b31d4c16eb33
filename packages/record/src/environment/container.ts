import { type Call, variable } from "./call.ts";
import type { CaptureContext } from "./capture-context.ts";

/** The container that the command runs in. */
export interface ContainerFacts {
  readonly kind: string;
  readonly image?: string;
  readonly id?: string;
}

/** Tell from the marks that the runtimes leave whether this is a container, and which. */
export async function containerFacts(
  context: CaptureContext,
  { env }: Call,
): Promise<ContainerFacts | undefined> {
  if (context.system.platform !== "linux") return undefined;
  for (const kind of ["apptainer", "singularity"]) {
    const name = kind.toUpperCase();
    const image = variable(env, `${name}_CONTAINER`) ?? variable(env, `${name}_NAME`);
    if (image !== undefined) return { kind, image };
  }
  const [docker, podman, groups = "", mounts = ""] = await Promise.all([
    context.kind("/.dockerenv"),
    context.readText("/run/.containerenv"),
    context.readText("/proc/self/cgroup"),
    context.readText("/proc/self/mountinfo"),
  ]);
  const id = containerId(groups) ?? containerId(mounts);
  const withId = id === undefined ? {} : { id };
  if (variable(env, "KUBERNETES_SERVICE_HOST") !== undefined || groups.includes("kubepods")) {
    return { kind: "kubernetes", ...withId };
  }
  if (podman !== undefined) {
    const image = /^image="([^"]+)"/m.exec(podman)?.[1];
    const written = /^id="([^"]+)"/m.exec(podman)?.[1];
    return { kind: "podman", ...(image && { image }), ...(written ? { id: written } : withId) };
  }
  if (docker !== undefined || id !== undefined) return { kind: "docker", ...withId };
  const kind = variable(env, "container") ?? (/\/lxc\//.test(groups) ? "lxc" : undefined);
  return kind === undefined ? undefined : { kind };
}

/** 64 hex digits after the runtime's folder, as in `/docker/containers/<id>/hostname`. */
function containerId(text: string): string | undefined {
  return /(?:docker|containers|crio|containerd|libpod)[-/:](?:[\w./-]*[-/])?([0-9a-f]{64})\b/.exec(
    text,
  )?.[1];
}
