// The goals: our time, or with `measured` our size, divided by a rival's in the same run, and our
// peak memory in MiB.
const goals = [
  {
    id: "G1",
    suite: "w1",
    operation: "ingest",
    against: ["borg", "restic"],
    ratioMax: 0.95,
    memoryMax: 150,
  },
  {
    id: "G2",
    suite: "w2",
    operation: "ingest",
    against: ["borg none"],
    ratioMax: 0.6,
    memoryMax: 100,
  },
  { id: "G3", suite: "w1", operation: "reingest", against: ["borg"], ratioMax: 0.2 },
  { id: "G4", suite: "w1", operation: "verify", against: ["git"], ratioMax: 0.5 },
  { id: "G4", suite: "w2", operation: "verify", against: ["borg none"], ratioMax: 0.3 },
  { id: "G5", suite: "w1", operation: "restore", against: ["ostree", "borg"], ratioMax: 0.9 },
  { id: "G5", suite: "w4", operation: "restore", against: ["ostree"], ratioMax: 1 },
  { id: "G6", suite: "gc", operation: "gc", against: ["borg"], ratioMax: 0.75 },
  { id: "scan", suite: "pool", operation: "scan", against: ["openssl ×2"], ratioMax: 1.5 },
  { id: "scan", suite: "pool", operation: "rescan", against: ["find"], ratioMax: 2 },
  { id: "G9", suite: "zip w1", operation: "export", against: ["zip -6, unzip"], ratioMax: 0.7 },
  { id: "G9", suite: "zip w1", operation: "import", against: ["zip -6, unzip"], ratioMax: 1 },
  { id: "G9", suite: "zip w4", operation: "export", against: ["zip -6, unzip"], ratioMax: 0.15 },
  {
    id: "G9",
    suite: "zip w1",
    operation: "export stored",
    against: ["zip -0, unzip"],
    ratioMax: 0.5,
  },
  {
    id: "G9",
    suite: "zip w1",
    operation: "import stored",
    against: ["zip -0, unzip"],
    ratioMax: 1,
  },
  { id: "G11", suite: "w5", operation: "compact", against: ["pigz"], ratioMax: 1 },
  {
    id: "G11",
    suite: "w5",
    operation: "compact",
    against: ["zstd"],
    measured: "size",
    ratioMax: 1.05,
  },
  { id: "G12", suite: "diff", operation: "compare", against: ["diff -rq"], ratioMax: 0.5 },
  {
    id: "npy",
    suite: "npy",
    operation: "compare, last differs",
    against: ["cmp, cat"],
    ratioMax: 2,
    memoryMax: 300,
  },
  { id: "G13", suite: "start", operation: "--version", against: ["node"], ratioMax: 1.6 },
  { id: "G13", suite: "start", operation: "ls", against: ["node"], ratioMax: 2.2 },
  {
    id: "G14",
    suite: "run small",
    operation: "second run",
    against: ["datalad run"],
    ratioMax: 0.5,
  },
  { id: "G14", suite: "run tree", operation: "second run", against: ["git status"], ratioMax: 2 },
];

/**
 * What became of the goals. Of several rivals the fastest counts; a goal whose rivals are not
 * there is not judged.
 */
export function judge(rows) {
  const find = (suite, operation, name) =>
    rows.find(
      (row) => row.suite === suite && row.operation === operation && row.name === name && row.wall,
    );
  return goals.map((goal) => {
    const ours = find(goal.suite, goal.operation, "reseal");
    const rivals = goal.against.flatMap((name) => find(goal.suite, goal.operation, name) ?? []);
    if (ours === undefined || rivals.length === 0) return { ...goal, verdict: "not measured" };
    const { measured = "wall" } = goal;
    const rival = rivals.reduce((a, b) => (a[measured] < b[measured] ? a : b));
    const ratio = ours[measured] / rival[measured];
    const isFast = ratio <= goal.ratioMax;
    const isSmall = goal.memoryMax === undefined || (ours.memory ?? 0) <= goal.memoryMax;
    const verdict = isFast && isSmall ? "met" : "missed";
    return { ...goal, rival: rival.name, ratio, memory: ours.memory, verdict };
  });
}
