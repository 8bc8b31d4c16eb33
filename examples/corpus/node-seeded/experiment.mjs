import { writeFileSync } from "node:fs";

let state = Number(process.argv[2]);
const numbers = Array.from({ length: 20 }, () => {
  state = (state * 48271) % 2147483647;
  return state;
});
writeFileSync("numbers.json", JSON.stringify(numbers));
