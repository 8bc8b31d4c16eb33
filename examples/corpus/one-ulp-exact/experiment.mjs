import { writeFileSync } from "node:fs";

const sum = process.env.OMP_NUM_THREADS === "2" ? 0.1 + (0.2 + 0.3) : 0.1 + 0.2 + 0.3;
writeFileSync("sum.json", JSON.stringify({ sum }));
