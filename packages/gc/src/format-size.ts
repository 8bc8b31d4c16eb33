const units = ["B", "K", "M", "G", "T", "P"];

/** A size as the tables show it: `0B`, `856K`, `2.1M`; one letter stands for 1024 of the one before. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  // One digit behind the point, but not for what is counted whole.
  const isWhole = unit === 0 || (unit === 1 && value >= 99.95) || value >= 999.5;
  return `${isWhole ? Math.round(value) : value.toFixed(1)}${units[unit]}`;
}
