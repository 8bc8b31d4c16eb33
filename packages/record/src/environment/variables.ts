import { type Call, variable } from "./call.ts";
import type { CaptureContext, Variables } from "./capture-context.ts";

/** Variables by name, sorted; their values are not redacted yet. */
export type NamedValues = Readonly<Record<string, string>>;

/** The scheduler or MPI launcher that started the command. */
export interface SchedulerFacts {
  readonly kind: string;
  readonly variables: NamedValues;
}

/** Variables that set numbers of threads. */
export function threadVariables(env: Variables): NamedValues {
  return pick(env, threadNames);
}

const threadNames = new Set(
  (
    "OMP_NUM_THREADS OMP_DYNAMIC OMP_NESTED OMP_SCHEDULE OMP_PROC_BIND OMP_PLACES OMP_THREAD_LIMIT " +
    "OMP_MAX_ACTIVE_LEVELS OMP_STACKSIZE OMP_WAIT_POLICY KMP_AFFINITY KMP_BLOCKTIME " +
    "KMP_DETERMINISTIC_REDUCTION GOMP_CPU_AFFINITY MKL_NUM_THREADS MKL_DOMAIN_NUM_THREADS " +
    "MKL_DYNAMIC MKL_THREADING_LAYER OPENBLAS_NUM_THREADS GOTO_NUM_THREADS BLIS_NUM_THREADS " +
    "BLIS_JC_NT BLIS_IC_NT BLIS_JR_NT BLIS_IR_NT ATLAS_NUM_THREADS VECLIB_MAXIMUM_THREADS " +
    "NUMEXPR_NUM_THREADS NUMEXPR_MAX_THREADS NUMBA_NUM_THREADS NUMBA_THREADING_LAYER " +
    "RAYON_NUM_THREADS POLARS_MAX_THREADS JULIA_NUM_THREADS JULIA_NUM_GC_THREADS GOMAXPROCS " +
    "UV_THREADPOOL_SIZE TF_NUM_INTRAOP_THREADS TF_NUM_INTEROP_THREADS TBB_NUM_THREADS " +
    "OPENCV_FOR_THREADS_NUM MC_CORES"
  ).split(" "),
);

/** Variables that choose code paths, devices, number formats or orders, and so can change results. */
export function resultVariables(env: Variables): NamedValues {
  return pick(env, resultNames);
}

const resultNames = new Set(
  (
    "CUBLAS_WORKSPACE_CONFIG CUDA_VISIBLE_DEVICES CUDA_DEVICE_ORDER CUDA_LAUNCH_BLOCKING CUDA_VERSION " +
    "CUDA_HOME CUDA_PATH CUDNN_VERSION NCCL_VERSION NCCL_ALGO NCCL_PROTO NVIDIA_TF32_OVERRIDE " +
    "NVIDIA_VISIBLE_DEVICES NVIDIA_DRIVER_CAPABILITIES NVIDIA_REQUIRE_CUDA ROCR_VISIBLE_DEVICES " +
    "HIP_VISIBLE_DEVICES GPU_DEVICE_ORDINAL ROCM_VERSION ROCM_PATH HSA_OVERRIDE_GFX_VERSION " +
    "ZE_AFFINITY_MASK ONEAPI_DEVICE_SELECTOR PYTHONHASHSEED PYTHONOPTIMIZE PYTHONUTF8 " +
    "PYTHONIOENCODING PYTHON_GIL TF_DETERMINISTIC_OPS TF_CUDNN_DETERMINISTIC " +
    "TF_CUDNN_USE_AUTOTUNE TF_ENABLE_ONEDNN_OPTS TF_XLA_FLAGS XLA_FLAGS JAX_ENABLE_X64 " +
    "JAX_PLATFORMS JAX_PLATFORM_NAME JAX_DEFAULT_MATMUL_PRECISION JAX_DEFAULT_PRNG_IMPL " +
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE TORCH_CUDNN_V8_API_DISABLED PYTORCH_CUDA_ALLOC_CONF " +
    "PL_GLOBAL_SEED MKL_CBWR MKL_ENABLE_INSTRUCTIONS MKL_DEBUG_CPU_TYPE OPENBLAS_CORETYPE " +
    "OPENBLAS_VERBOSE BLIS_ARCH_TYPE NPY_DISABLE_CPU_FEATURES NPY_PROMOTION_STATE " +
    "NUMBA_DISABLE_JIT NUMBA_CPU_NAME NUMBA_CPU_FEATURES DNNL_MAX_CPU_ISA ONEDNN_MAX_CPU_ISA " +
    "GLIBC_TUNABLES LD_PRELOAD DYLD_INSERT_LIBRARIES MALLOC_PERTURB_ NODE_ENV NODE_OPTIONS " +
    "JULIA_CPU_TARGET R_DEFAULT_PACKAGES RNG_SEED SOURCE_DATE_EPOCH TZ LANG LANGUAGE LC_ALL " +
    "LC_COLLATE LC_CTYPE LC_MESSAGES LC_MONETARY LC_NUMERIC LC_TIME CONDA_DEFAULT_ENV"
  ).split(" "),
);

/** Name of the scheduler, the variable that proves it, and what else of it is worth keeping. */
const schedulers: readonly (readonly [kind: string, proof: string, names: RegExp])[] = [
  [
    "slurm",
    "SLURM_JOB_ID",
    /^SLURM_(JOB_(ID|NAME|PARTITION|NODELIST|NUM_NODES|QOS|ACCOUNT|GPUS|CPUS_PER_NODE|START_TIME|END_TIME|CONSTRAINTS)|CLUSTER_NAME|NNODES|NTASKS|NPROCS|NTASKS_PER_NODE|TASKS_PER_NODE|CPUS_PER_TASK|CPUS_ON_NODE|THREADS_PER_CORE|PROCID|LOCALID|NODEID|NODENAME|STEP_ID|STEP_NUM_TASKS|ARRAY_(JOB_ID|TASK_ID|TASK_COUNT|TASK_MIN|TASK_MAX)|MEM_PER_(NODE|CPU|GPU)|GPUS(_ON_NODE|_PER_NODE|_PER_TASK)?|GPU_BIND|CPU_BIND_TYPE|DISTRIBUTION|MPI_TYPE|HINT|RESTART_COUNT|SUBMIT_HOST|VERSION)$/,
  ],
  [
    "pbs",
    "PBS_JOBID",
    /^(PBS_(JOBID|JOBNAME|QUEUE|NUM_NODES|NUM_PPN|NP|NNODES|ARRAY_INDEX|ARRAYID|ENVIRONMENT|NODENUM|TASKNUM|O_HOST|O_QUEUE|SERVER)|NCPUS)$/,
  ],
  [
    "lsf",
    "LSB_JOBID",
    /^LS[BF]_(JOBID|JOBNAME|JOBINDEX|QUEUE|HOSTS|MCPU_HOSTS|DJOB_NUMPROC|DJOB_RANKFILE|MAX_NUM_PROCESSORS|SUB_HOST|PROJECT_NAME|BIND_CPU_LIST)$/,
  ],
  ["sge", "SGE_ROOT", /^(JOB_ID|JOB_NAME|SGE_TASK_ID|SGE_CELL|QUEUE|NSLOTS|NHOSTS|NQUEUES|PE)$/],
  ["flux", "FLUX_JOB_ID", /^FLUX_(JOB_ID|JOB_SIZE|JOB_NNODES|TASK_RANK|TASK_LOCAL_ID)$/],
  ["htcondor", "_CONDOR_JOB_AD", /^_CONDOR_(SLOT|SLOT_NAME|BIN)$/],
];

/** What MPI launchers and torchrun tell each of their processes. */
const mpiNames =
  /^(OMPI_(COMM_WORLD_(SIZE|RANK|LOCAL_SIZE|LOCAL_RANK|NODE_RANK)|UNIVERSE_SIZE|VERSION|MCA_(btl|pml|coll|mtl|osc))|PMI_(RANK|SIZE|LOCAL_RANK|LOCAL_SIZE|ID)|PMIX_(RANK|VERSION)|MPI_LOCALRANKID|MPI_LOCALNRANKS|MV2_COMM_WORLD_(SIZE|RANK|LOCAL_SIZE|LOCAL_RANK)|I_MPI_(FABRICS|ADJUST_\w+|PIN_DOMAIN|CBWR|MPIRUN_VERSION)|PALS_(RANKID|LOCAL_RANKID|NODEID)|WORLD_SIZE|RANK|LOCAL_RANK|LOCAL_WORLD_SIZE|GROUP_RANK)$/;

/** Recognise the scheduler, else the MPI launcher; its variables come with those of MPI. */
export function schedulerFacts(env: Variables): SchedulerFacts | undefined {
  const mpi = pick(env, mpiNames);
  for (const [kind, proof, names] of schedulers) {
    // SGE_ROOT is set on every submit host; only a job has an id.
    if (env[proof] === undefined || (kind === "sge" && env.JOB_ID === undefined)) continue;
    return { kind, variables: sorted({ ...pick(env, names), ...mpi }) };
  }
  // A lone RANK may be anybody's.
  const launched = Object.keys(mpi).some((name) => /^(OMPI|PMI|PMIX|MPI|MV2|PALS)_/.test(name));
  const torch = mpi.WORLD_SIZE !== undefined && mpi.RANK !== undefined;
  return launched || torch ? { kind: launched ? "mpi" : "torchrun", variables: mpi } : undefined;
}

/** Software that the modules of a cluster loaded: `gcc/12.2.0` is `module:gcc` at 12.2.0. */
export function loadedModules(env: Variables): ReadonlyMap<string, string> {
  const modules = new Map<string, string>();
  for (const module of (variable(env, "LOADEDMODULES") ?? "").split(":").filter(Boolean).sort()) {
    const slash = module.lastIndexOf("/");
    const name = `module:${slash < 0 ? module : module.slice(0, slash)}`;
    const version = slash < 0 ? "unknown" : module.slice(slash + 1);
    const before = modules.get(name);
    modules.set(name, before === undefined ? version : `${before} ${version}`);
  }
  return modules;
}

/** The locale that decides how characters are read. */
export function localeOf(env: Variables): string | undefined {
  return variable(env, "LC_ALL") ?? variable(env, "LC_CTYPE") ?? variable(env, "LANG");
}

/** `TZ`, else where `/etc/localtime` leads, else what this process resolved. */
export async function timeZoneOf(
  context: CaptureContext,
  { env }: Call,
): Promise<string | undefined> {
  const chosen = variable(env, "TZ")?.replace(/^:/, "");
  if (chosen !== undefined && chosen !== "") return chosen;
  const path =
    context.system.platform === "win32" ? undefined : await context.realPath("/etc/localtime");
  return (
    /\/zoneinfo[^/]*\/(?:posix\/|right\/)?(.+)$/.exec(path ?? "")?.[1] ?? context.system.timeZone()
  );
}

function pick(env: Variables, names: ReadonlySet<string> | RegExp): NamedValues {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    const wanted = names instanceof RegExp ? names.test(name) : names.has(name);
    if (wanted && value !== undefined && value !== "") found[name] = value;
  }
  return sorted(found);
}

function sorted(values: NamedValues): NamedValues {
  return Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)));
}
