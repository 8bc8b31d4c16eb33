/** One word that may stand where the cursor is. */
export interface Candidate {
  readonly value: string;
  /** What it is, for shells that show it. */
  readonly about?: string;
}

/** What the shell adds from its own knowledge. */
export type ShellWords = "files" | "folders" | "programs";

/** What may stand where the cursor is. */
export interface Completion {
  readonly candidates: readonly Candidate[];
  readonly shell?: ShellWords;
}

/** No word can be said. */
export const nothing: Completion = { candidates: [] };
