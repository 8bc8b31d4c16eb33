import type { CaptureContext } from "./capture-context.ts";

/** The system that the command runs on. */
export interface SystemFacts {
  readonly name: string;
  readonly version: string;
  readonly arch: string;
  /** `["libc:glibc", "2.36"]`: where `exp` and `sin` come from. */
  readonly libc?: readonly [name: string, version: string];
}

/** Describe the operating system from its own files. */
export async function systemFacts(context: CaptureContext): Promise<SystemFacts> {
  const { system } = context;
  const arch = system.arch;
  if (system.platform === "darwin") return macOs(context);
  if (system.platform !== "linux") {
    const name = system.platform === "win32" ? "Windows" : system.platform;
    const version = system.kernelRelease();
    return { name, version, arch };
  }
  const [etc, libc] = await Promise.all([
    context.readText("/etc/os-release"),
    libcVersion(context),
  ]);
  const fields = osRelease(etc ?? (await context.readText("/usr/lib/os-release")) ?? "");
  const name = fields.get("NAME") ?? "Linux";
  const version = fields.get("VERSION_ID") ?? fields.get("BUILD_ID") ?? "unknown";
  return {
    name,
    version,
    arch,
    ...(libc === undefined ? {} : { libc }),
  };
}

/** @see https://www.freedesktop.org/software/systemd/man/latest/os-release.html */
function osRelease(text: string): ReadonlyMap<string, string> {
  const fields = text.matchAll(/^([A-Z_]+)=(?:"([^"\n]*)"|'([^'\n]*)'|([^\s"']*))/gm);
  return new Map(
    [...fields].flatMap(([, name = "", double, single, bare]) => {
      const value = double ?? single ?? bare ?? "";
      return value === "" ? [] : [[name, value] as const];
    }),
  );
}

async function macOs(context: CaptureContext): Promise<SystemFacts> {
  const path = "/System/Library/CoreServices/SystemVersion.plist";
  const text = (await context.readText(path)) ?? "";
  const found = /<key>ProductVersion<\/key>\s*<string>([^<]+)/.exec(text)?.[1];
  const version = found ?? `Darwin ${context.system.kernelRelease()}`;
  return { name: "macOS", version, arch: context.system.arch };
}

/** Of each architecture the loader, which has the version too and is a tenth of the library. */
const loaders: Readonly<Record<string, string>> = {
  x64: "/lib64/ld-linux-x86-64.so.2",
  arm64: "/lib/ld-linux-aarch64.so.1",
  ppc64: "/lib64/ld64.so.2",
  s390x: "/lib/ld64.so.1",
  riscv64: "/lib/ld-linux-riscv64-lp64d.so.1",
};

const libraries = [
  "/lib64/libc.so.6",
  "/usr/lib/libc.so.6",
  "/lib/x86_64-linux-gnu/libc.so.6",
  "/lib/aarch64-linux-gnu/libc.so.6",
];

/** glibc holds its version as text, in its file names before 2.34; musl's is in Alpine's list. */
async function libcVersion(context: CaptureContext): Promise<SystemFacts["libc"]> {
  for (const path of [loaders[context.system.arch], ...libraries]) {
    const real = path === undefined ? undefined : await context.realPath(path);
    if (real === undefined) continue;
    const linked = /\/(?:libc|ld)-(2\.\d+)\.so$/.exec(real)?.[1];
    if (linked !== undefined) return ["libc:glibc", linked];
    const bytes = await context.readHead(real, 16 << 20);
    const at = bytes?.indexOf(" release version ") ?? -1;
    const text = at < 0 ? "" : bytes?.toString("latin1", at, at + 40);
    const version = /release version (\d+\.\d+)/.exec(text ?? "")?.[1];
    if (version !== undefined) return ["libc:glibc", version];
  }
  const installed = await context.readText("/lib/apk/db/installed");
  const musl = /^P:musl\nV:([^\n-]+)/m.exec(installed ?? "")?.[1];
  return musl === undefined ? undefined : ["libc:musl", musl];
}
