import { formatSize } from "@reseal/gc";
import type { PoolEntry } from "@reseal/schema";
import { entryCount, listFooter, statusOf, timeText } from "./render-artifacts.ts";
import { harmless } from "./terminal.ts";

/** A line, and those below it. */
interface Branch {
  readonly text: string;
  readonly branches: readonly Branch[];
}

/** Families, their entries, and the files of each by folders. */
export function renderTree(
  entries: readonly PoolEntry[],
  { ascii }: { readonly ascii: boolean },
): string {
  const families = [...Map.groupBy(entries, ({ family }) => family)];
  const lines = families.flatMap(([family, members]) => {
    const bytes = members.reduce((sum, { total_bytes }) => sum + total_bytes, 0);
    return [
      `${harmless(family)}  ${entryCount(members.length)}  ${formatSize(bytes)}`,
      ...linesOf(
        members.map((entry) => entryBranch(entry, ascii)),
        ascii ? asciiMarks : marks,
      ),
      "",
    ];
  });
  return [...lines, ...listFooter(entries, ascii)].join("\n");
}

function entryBranch(entry: PoolEntry, ascii: boolean): Branch {
  const facts = [
    entry.id,
    timeText(entry.timestamp),
    formatSize(entry.total_bytes),
    statusOf(entry),
    ...(entry.is_pinned ? [ascii ? "P" : "📌"] : []),
  ];
  return {
    text: facts.join("  "),
    branches: foldersOf(entry.paths.map((path) => path.split("/"))),
  };
}

/** Paths by their first segment; a folder that holds nothing but one other is shown with it. */
function foldersOf(paths: readonly (readonly string[])[]): Branch[] {
  return [...Map.groupBy(paths, ([first = ""]) => first)].map(([name, group]) => {
    const below = group.map(([, ...rest]) => rest).filter((rest) => rest.length > 0);
    const branches = foldersOf(below);
    const [only] = branches;
    const isChain = below.length > 0 && branches.length === 1 && only !== undefined;
    return isChain
      ? { text: `${harmless(name)}/${only.text}`, branches: only.branches }
      : { text: `${harmless(name)}${below.length > 0 ? "/" : ""}`, branches };
  });
}

interface Marks {
  readonly item: string;
  readonly last: string;
  readonly beside: string;
}

const marks: Marks = { item: "├─ ", last: "└─ ", beside: "│  " };
const asciiMarks: Marks = { item: "|- ", last: "`- ", beside: "|  " };

function linesOf(branches: readonly Branch[], style: Marks, indent = ""): string[] {
  return branches.flatMap(({ text, branches: below }, index) => {
    const isLast = index === branches.length - 1;
    const inner = indent + (isLast ? "   " : style.beside);
    return [indent + (isLast ? style.last : style.item) + text, ...linesOf(below, style, inner)];
  });
}
