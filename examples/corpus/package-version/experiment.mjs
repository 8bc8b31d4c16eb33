import { writeFileSync } from "node:fs";
import { gain } from "gain";

writeFileSync("signal.json", JSON.stringify({ signal: 21 * gain }));
