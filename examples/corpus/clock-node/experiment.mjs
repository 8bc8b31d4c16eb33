import { writeFileSync } from "node:fs";

writeFileSync("result.json", JSON.stringify({ answer: 42, finished: new Date() }));
