import { writeFileSync } from "node:fs";

writeFileSync("signal.json", JSON.stringify({ signal: 21 * Number(process.env.GAIN) }));
