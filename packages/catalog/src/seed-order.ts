/**
 * Text that sorts, byte by byte, as the seed's number does: the count of digits, then the digits.
 * A seed may have more digits than any number type of the database. Seeds that are not digits come
 * after all that are, as text.
 */
export function seedOrder(seed: number | string): string {
  const text = String(seed);
  if (!/^\d+$/.test(text)) return `~${text}`;
  const digits = text.replace(/^0+(?=\d)/, "");
  return `${String(digits.length).padStart(6, "0")} ${digits}`;
}
