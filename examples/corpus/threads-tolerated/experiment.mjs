import { writeFileSync } from "node:fs";

// The sum of each worker, then the sum of those: another number of workers, other roundings.
const workers = Number(process.env.OMP_NUM_THREADS ?? 1);
const sums = new Array(workers).fill(0);
for (let i = 1; i <= 10_000; i++) sums[i % workers] += 1 / i;
writeFileSync("sum.json", JSON.stringify({ sum: sums.reduce((a, b) => a + b) }));
