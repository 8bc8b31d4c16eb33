import { writeFileSync } from "node:fs";

writeFileSync("noise.csv", `t,x\n0,1\n1,${Math.random()}\n`);
