// Renders results as Markdown tables.
export function renderRows(rows) {
  const lines = [
    "| workload | operation | tool | median s (min) | CPU s | peak MiB | size MiB | ours / theirs |",
    "|---|---|---|---:|---:|---:|---:|---:|",
  ];
  for (const row of rows) {
    const time = row.failure ?? `${seconds(row.wall)} (${seconds(row.fastest)})`;
    const ratio = row.ratio === undefined ? "" : row.ratio.toFixed(2);
    lines.push(
      `| ${row.suite} | ${row.operation} | ${row.name} | ${time} | ${seconds(row.cpu)} | ` +
        `${row.memory?.toFixed(0) ?? ""} | ${row.size?.toFixed(1) ?? ""} | ${ratio} |`,
    );
  }
  return lines.join("\n");
}

export function renderGoals(judged) {
  const lines = ["| goal | | needed | reached | |", "|---|---|---:|---:|---|"];
  for (const {
    id,
    suite,
    operation,
    rival,
    against,
    ratioMax,
    memoryMax,
    measured,
    ratio,
    memory,
    verdict,
  } of judged) {
    const what = measured === "size" ? " in size" : "";
    const needed = `≤ ${ratioMax} × ${rival ?? against.join(" or ")}${what}`;
    const limit = memoryMax === undefined ? "" : `, ≤ ${memoryMax} MiB`;
    const used =
      memoryMax === undefined || memory === undefined ? "" : `, ${memory.toFixed(0)} MiB`;
    const reached = ratio === undefined ? "" : `${ratio.toFixed(2)}${used}`;
    lines.push(`| ${id} | ${suite} ${operation} | ${needed}${limit} | ${reached} | ${verdict} |`);
  }
  return lines.join("\n");
}

export function renderNumbers(title, results) {
  const lines = [`| ${title} | | |`, "|---|---:|---|"];
  for (const { name, value, unit } of results) {
    const shown = value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
    lines.push(`| ${name} | ${shown} | ${unit} |`);
  }
  return lines.join("\n");
}

function seconds(value) {
  return value === undefined ? "" : value.toFixed(value < 1 ? 3 : 2);
}
