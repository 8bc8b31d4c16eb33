import { writeFileSync } from "node:fs";

writeFileSync("hour.json", JSON.stringify({ hour: new Date(86_400_000).getHours() }));
