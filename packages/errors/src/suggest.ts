/** Known words that a mistyped one probably means, nearest first; three at most. */
export function nearest(word: string, known: Iterable<string>): string[] {
  const wanted = word.toLowerCase().slice(0, lengthMax);
  if (wanted === "") return [];
  return [...new Set(known)]
    .map((candidate) => ({ candidate, distance: distanceOf(wanted, candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= allowedDistance(wanted, candidate))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** The question for a hint, or what to say when nothing is near. */
export function didYouMean(names: readonly string[], otherwise: string): string {
  return names.length === 0 ? otherwise : `Did you mean ${names.join(" or ")}?`;
}

/** Longer words are cut before they are compared: nobody mistypes so much. */
const lengthMax = 64;

function allowedDistance(wanted: string, candidate: string): number {
  return Math.max(1, Math.min(3, Math.floor(Math.max(wanted.length, candidate.length) / 3)));
}

/** Edits from one word to the other; a word that only goes on where the other ends is one away. */
function distanceOf(word: string, candidate: string): number {
  if (word.length >= 2 && candidate.startsWith(word)) return 1;
  return editDistance(word, candidate);
}

/** Insertions, deletions, changes and swaps of neighbours (optimal string alignment). */
function editDistance(from: string, to: string): number {
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const change = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      let least = Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1);
      const isSwap = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (isSwap) least = Math.min(least, (before[j - 2] ?? 0) + 1);
      next.push(least);
    }
    before = row;
    row = next;
  }
  return row[to.length] ?? 0;
}
