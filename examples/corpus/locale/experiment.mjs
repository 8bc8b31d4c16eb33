import { writeFileSync } from "node:fs";

writeFileSync("mass.txt", `${new Intl.NumberFormat().format(1234.5)} kg\n`);
