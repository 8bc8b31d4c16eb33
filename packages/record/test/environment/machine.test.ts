import { chmodSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findLockFiles } from "../../src/environment/environment.ts";
import { binary, capture, machine, makeTree } from "./machine.ts";

const command = { argv: [process.execPath, "x.js"] };

const cpuinfo = (model: string, flags: string): string =>
  `processor\t: 0\nmodel name\t: ${model}\nflags\t\t: fpu ${flags} smep\n\nprocessor\t: 1\nflags\t\t: sse2\n`;

test("two machines whose processors differ have two keys", async () => {
  const cwd = makeTree({});
  const on = (text: string) =>
    capture({ cwd, ...command, system: machine({ "/proc/cpuinfo": text }, { platform: "linux" }) });

  const a = await on(cpuinfo("AMD EPYC 7B13", "avx2 fma sse4_2"));
  const same = await on(cpuinfo("AMD EPYC 7B13", "fma sse4_2 avx2"));
  const model = await on(cpuinfo("Intel(R) Xeon(R) Gold 6338", "avx2 fma sse4_2"));
  const features = await on(cpuinfo("AMD EPYC 7B13", "avx2 avx512f fma sse4_2"));

  expect(a.environment.comparable.cpu).toEqual({
    model: "AMD EPYC 7B13",
    features: ["avx2", "fma", "sse4_2"],
  });
  expect(same.key).toBe(a.key);
  expect(new Set([a.key, model.key, features.key]).size).toBe(3);
});

test("host name, memory, number of cores, threads and folders are told but not compared", async () => {
  const here = await capture({ cwd: makeTree({}), ...command });
  const there = await capture({
    cwd: makeTree({}),
    ...command,
    env: { OMP_NUM_THREADS: "8", LANG: "de_DE.UTF-8", TZ: "Europe/Berlin", SLURM_JOB_ID: "7" },
    system: machine(
      {},
      { hostname: () => "elsewhere", cpuCount: () => 999, memoryBytes: () => 4096 },
    ),
  });

  expect(there.key).toBe(here.key);
  expect(here.environment.hostname).toBe(hostname());
  expect(there.environment).toMatchObject({
    hostname: "elsewhere",
    cpu_count: 999,
    memory_bytes: 4096,
    threads: { OMP_NUM_THREADS: "8" },
    locale: "de_DE.UTF-8",
    timezone: "Europe/Berlin",
    scheduler: { kind: "slurm", variables: { SLURM_JOB_ID: "7" } },
  });
});

test("Arm processors, that tell numbers only, get their names", async () => {
  const cwd = makeTree({});
  const text =
    "processor\t: 0\nFeatures\t: fp asimd asimdhp sve bf16 i8mm aes\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n";
  const told = async (info: string): Promise<unknown> =>
    (
      await capture({
        cwd,
        ...command,
        system: machine({ "/proc/cpuinfo": info }, { platform: "linux" }),
      })
    ).environment.comparable.cpu;

  expect(await told(text)).toEqual({
    model: "Neoverse-V1",
    features: ["asimdhp", "bf16", "i8mm", "neon", "sve"],
  });
  expect(await told(text.replace("0xd40", "0xfff"))).toMatchObject({ model: "ARM 0x41/0xfff" });
});

test("nvidia-smi is asked for the cards where it is on PATH", async () => {
  const cwd = makeTree({
    "bin/nvidia-smi": `#!/bin/sh
[ "$*" = "--query-gpu=name,driver_version,memory.total --format=csv,noheader" ] || exit 9
echo "NVIDIA A100-SXM4-40GB, 535.104.05, 40960 MiB"
echo "NVIDIA A100-SXM4-40GB, 535.104.05, [N/A]"
`,
  });
  const env = {
    PATH: `${cwd}/bin:/usr/bin:/bin`,
    CUDA_VISIBLE_DEVICES: "0",
    CUDA_VERSION: "12.1.1",
  };

  const { environment } = await capture({ cwd, ...command, env });

  expect(environment.comparable.gpu).toEqual([
    { name: "NVIDIA A100-SXM4-40GB", driver: "535.104.05", memory_bytes: 40960 * 1024 ** 2 },
    { name: "NVIDIA A100-SXM4-40GB", driver: "535.104.05" },
  ]);
  expect(environment.variables).toEqual({ CUDA_VERSION: "12.1.1", CUDA_VISIBLE_DEVICES: "0" });
});

test("a silent or broken nvidia-smi is a warning after two seconds, or the driver's files", async () => {
  const hangs = makeTree({ "bin/nvidia-smi": "#!/bin/sh\nexec sleep 60\n" });
  const fails = makeTree({ "bin/nvidia-smi": "#!/bin/sh\nexit 9\n" });
  const files = machine(
    {
      "/proc/driver/nvidia/version":
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\n",
      "/proc/driver/nvidia/gpus/0000:01:00.0/information": "Model: \t\t NVIDIA L4\nIRQ: 1\n",
    },
    { readDirectory: async (path) => (path.endsWith("/gpus") ? ["0000:01:00.0"] : []) },
  );

  const started = Date.now();
  const silent = await capture({
    cwd: hangs,
    ...command,
    env: { PATH: `${hangs}/bin:/usr/bin:/bin` },
  });
  const elapsedMs = Date.now() - started;
  const failed = await capture({
    cwd: fails,
    ...command,
    env: { PATH: `${fails}/bin` },
    system: files,
  });

  expect(silent.environment.comparable.gpu).toBeUndefined();
  expect(silent.warnings.map(({ code }) => code)).toEqual(["ENVIRONMENT_GPU_UNKNOWN"]);
  expect(elapsedMs).toBeLessThan(6000);
  expect(failed.environment.comparable.gpu).toEqual([{ name: "NVIDIA L4", driver: "535.104.05" }]);
});

test("containers are told by their marks", async () => {
  const cwd = makeTree({});
  const id = "0123456789abcdef".repeat(4);
  const none = {
    "/.dockerenv": undefined,
    "/run/.containerenv": undefined,
    "/proc/self/cgroup": "0::/\n",
    "/proc/self/mountinfo": "",
  };
  const told = async (files: Record<string, string | undefined>, env = {}): Promise<unknown> =>
    (
      await capture({
        cwd,
        ...command,
        env,
        system: machine({ ...none, ...files }, { platform: "linux" }),
      })
    ).environment.container;

  expect(await told({})).toBeUndefined();
  expect(await told({ "/.dockerenv": "" })).toEqual({ kind: "docker" });
  expect(
    await told({
      "/proc/self/mountinfo": `1 2 0:1 /var/lib/docker/containers/${id}/hostname /etc/hostname rw\n`,
    }),
  ).toEqual({ kind: "docker", id });
  expect(
    await told({ "/proc/self/cgroup": `0::/kubepods.slice/cri-containerd-${id}.scope\n` }),
  ).toEqual({
    kind: "kubernetes",
    id,
  });
  expect(
    await told({ "/run/.containerenv": `engine="podman-4"\nid="${id}"\nimage="quay.io/x:1"\n` }),
  ).toEqual({
    kind: "podman",
    id,
    image: "quay.io/x:1",
  });
  expect(await told({}, { APPTAINER_CONTAINER: "/scratch/lab.sif" })).toEqual({
    kind: "apptainer",
    image: "/scratch/lab.sif",
  });
});

test("schedulers and MPI launchers give the variables on the list and no others", async () => {
  const cwd = makeTree({});
  const told = async (env: Record<string, string>): Promise<unknown> =>
    (await capture({ cwd, ...command, env })).environment.scheduler;

  expect(await told({ HOME: "/x", RANK: "1" })).toBeUndefined();
  expect(
    await told({
      SLURM_JOB_ID: "42",
      SLURM_NTASKS: "4",
      SLURM_JWT: "secret",
      OMPI_COMM_WORLD_RANK: "3",
      AWS_SECRET: "x",
    }),
  ).toEqual({
    kind: "slurm",
    variables: { OMPI_COMM_WORLD_RANK: "3", SLURM_JOB_ID: "42", SLURM_NTASKS: "4" },
  });
  expect(await told({ PBS_JOBID: "1.head", PBS_O_PATH: "/x", NCPUS: "8" })).toEqual({
    kind: "pbs",
    variables: { NCPUS: "8", PBS_JOBID: "1.head" },
  });
  expect(await told({ LSB_JOBID: "9", LSB_HOSTS: "a b" })).toMatchObject({ kind: "lsf" });
  expect(await told({ SGE_ROOT: "/opt/sge" })).toBeUndefined();
  expect(await told({ PMI_RANK: "0", PMI_SIZE: "2" })).toEqual({
    kind: "mpi",
    variables: { PMI_RANK: "0", PMI_SIZE: "2" },
  });
  expect(await told({ RANK: "0", WORLD_SIZE: "2" })).toMatchObject({ kind: "torchrun" });
});

test("loaded modules are software and are compared", async () => {
  const cwd = makeTree({});
  const loaded = (LOADEDMODULES: string) => capture({ cwd, ...command, env: { LOADEDMODULES } });

  const a = await loaded("gcc/12.2.0:mpi/openmpi/4.1.4:slurm");
  const reordered = await loaded("slurm:mpi/openmpi/4.1.4:gcc/12.2.0");
  const other = await loaded("gcc/13.1.0:mpi/openmpi/4.1.4:slurm");

  expect(a.environment.comparable.packages).toMatchObject({
    "module:gcc": "12.2.0",
    "module:mpi/openmpi": "4.1.4",
    "module:slurm": "unknown",
  });
  expect(reordered.key).toBe(a.key);
  expect(other.key).not.toBe(a.key);
});

test("a compiled program is known by its path or build id, one of the workspace by neither", async () => {
  const note = `\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0${"\x11".repeat(20)}`;
  const outside = makeTree({
    "opt/gromacs-2023.3/bin/gmx": binary,
    "bin/solve": binary + note,
    "bin/plain": binary,
  });
  const cwd = makeTree({ solve: binary + note });
  const runtime = async (...argv: string[]): Promise<unknown> =>
    (await capture({ cwd, argv })).environment.comparable.runtime;

  expect(await runtime(join(outside, "opt/gromacs-2023.3/bin/gmx"), "mdrun")).toEqual({
    name: "gmx",
    version: "2023.3",
  });
  expect(await runtime(join(outside, "bin/solve"))).toEqual({
    name: "solve",
    version: `build-id:${"11".repeat(20)}`,
  });
  expect(await runtime(join(outside, "bin/plain"))).toEqual({ name: "plain", version: "unknown" });
  expect(await runtime("./solve")).toEqual({ name: "solve", version: "unknown" });
});

test("a shell script counts with the Python that it would find", async () => {
  const cwd = makeTree({
    "run.sh": "#!/bin/bash\npython3 train.py\n",
    ".venv/bin/python3": binary,
    ".venv/pyvenv.cfg": "home = /nowhere\nversion = 3.9.1\n",
    ".venv/lib/python3.9/site-packages/scipy-1.9.dist-info/METADATA": "",
  });

  const { environment } = await capture({
    cwd,
    argv: ["./run.sh"],
    env: { PATH: `${cwd}/.venv/bin:/usr/bin:/bin` },
  });

  expect(environment.comparable.runtime.name).toBe("bash");
  expect(environment.comparable.packages).toMatchObject({ python: "3.9.1", scipy: "1.9" });
  expect(environment.python_version).toBe("3.9.1");
});

test("device and feature flags are compared as they were given", async () => {
  const cwd = makeTree({});
  const device = { device_type: "photonic-mesh", capabilities: { channels: 8 } };
  const featureFlags = { observability: true, gradients: false, quantum: false };

  const plain = await capture({ cwd, ...command });
  const { environment, key } = await capture({ cwd, ...command, device, featureFlags });

  expect(environment.comparable).toMatchObject({ device, feature_flags: featureFlags });
  expect(key).not.toBe(plain.key);
});

test("macOS and Windows fall back to what the system calls tell", async () => {
  const cwd = makeTree({});
  const facts = { cpuModel: () => "Apple M2", kernelRelease: () => "23.1.0", arch: "arm64" };
  const plist = "<key>ProductVersion</key>\n\t<string>14.2.1</string>";
  const on = async (platform: string, files = {}): Promise<unknown> =>
    (await capture({ cwd, ...command, system: machine(files, { ...facts, platform }) })).environment
      .comparable;

  expect(
    await on("darwin", { "/System/Library/CoreServices/SystemVersion.plist": plist }),
  ).toMatchObject({
    os: { name: "macOS", version: "14.2.1", arch: "arm64" },
    cpu: { model: "Apple M2" },
  });
  expect(await on("win32")).toMatchObject({ os: { name: "Windows", version: "23.1.0" } });
  expect(await on("freebsd")).toMatchObject({ os: { name: "freebsd" } });
});

test("a machine that tells nothing gives unknowns and warnings, never an error", async () => {
  const refuse = async (): Promise<never> => {
    throw Object.assign(new Error("EIO: i/o error"), { code: "EIO" });
  };
  const system = machine(
    {},
    {
      platform: "linux",
      readBytes: refuse,
      readDirectory: refuse,
      realPath: refuse,
      fileKind: refuse,
      cpuModel: () => undefined,
      timeZone: () => undefined,
    },
  );

  const { environment, warnings } = await capture({
    cwd: "/no/such/folder",
    argv: ["python", "x.py"],
    system,
  });

  expect(environment.comparable).toEqual({
    runtime: { name: "python", version: "unknown" },
    packages: {},
    os: { name: "Linux", version: "unknown", arch: process.arch },
    cpu: { model: "unknown" },
  });
  expect(warnings.length).toBeGreaterThan(3);
});

test("an abort ends the capture with its reason", async () => {
  const reason = new Error("stop");

  await expect(capture({ cwd: "/", ...command, signal: AbortSignal.abort(reason) })).rejects.toBe(
    reason,
  );
});

test("lock files of every kind are found at the top, and only files", () => {
  const root = makeTree({
    "uv.lock": "",
    "requirements.txt": "",
    "requirements-dev.txt": "",
    "environment.yml": "",
    "renv.lock": "",
    "Manifest-v1.11.toml": "",
    "package-lock.json/x": "",
    "sub/poetry.lock": "",
    "notes.txt": "",
  });

  expect(findLockFiles(root)).toEqual([
    "Manifest-v1.11.toml",
    "environment.yml",
    "renv.lock",
    "requirements-dev.txt",
    "requirements.txt",
    "uv.lock",
  ]);
});

test("a named pipe in the place of a file does not hang the capture", async () => {
  const root = makeTree({ "env/bin/python": binary, "env/lib/python3.12/x": "" });
  const { execFileSync } = await import("node:child_process");
  execFileSync("mkfifo", [join(root, "env/pyvenv.cfg")]);

  const { environment } = await capture({ cwd: root, argv: ["env/bin/python", "x.py"] });

  expect(environment.comparable.runtime.name).toBe("python");
});

test("a program that may not be read is still named", async () => {
  const root = makeTree({});
  writeFileSync(join(root, "tool"), "x");
  chmodSync(join(root, "tool"), 0o111);

  const { environment } = await capture({ cwd: root, argv: ["./tool"] });

  expect(environment.comparable.runtime).toEqual({ name: "tool", version: "unknown" });
});
