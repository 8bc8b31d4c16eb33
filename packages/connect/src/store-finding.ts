import type { Digest } from "@reseal/hash";

/** How bad each kind of finding is. */
const levels = {
  /** Bytes are lost or wrong. */
  blob_corrupt: "damage",
  blob_missing: "damage",
  manifest_corrupt: "damage",
  manifest_invalid: "damage",
  manifest_missing: "damage",
  journal_damaged: "damage",
  /** Nothing is lost, but the store is not as it should be. */
  blob_mode: "fault",
  catalog_damaged: "fault",
  catalog_differs: "fault",
  catalog_extra: "fault",
  catalog_missing: "fault",
  layout_missing: "fault",
  stray: "fault",
  /** Nothing to worry about: the next command deals with it, or it is somebody's own. */
  catalog_behind: "note",
  foreign_file: "note",
  left_over: "note",
  lock_dead: "note",
  seal_unlisted: "note",
} as const;

/** What kind of thing a check of a store found. */
export type StoreFindingCode = keyof typeof levels;

/** `damage`: bytes are lost or wrong. `fault`: the rest that `repair` puts right. `note`: neither. */
export type FindingLevel = (typeof levels)[StoreFindingCode];

/** One thing that a check of a store found. */
export interface StoreFinding {
  readonly code: StoreFindingCode;
  readonly level: FindingLevel;
  /** Relative to the store. */
  readonly path: string;
  readonly message: string;
  /** The blob or seal it is about. */
  readonly digest?: Digest | undefined;
  /** The number of bytes that the blob should have, where a manifest says it. */
  readonly size?: number | undefined;
}

/** A finding with the level of its code. */
export function finding(
  code: StoreFindingCode,
  path: string,
  message: string,
  about: { readonly digest?: Digest | undefined; readonly size?: number | undefined } = {},
): StoreFinding {
  return { code, level: levels[code], path, message, ...about };
}

/** 4 for damage, 1 for faults, else 0. */
export function exitCodeOfFindings(findings: readonly StoreFinding[]): 0 | 1 | 4 {
  if (findings.some(({ level }) => level === "damage")) return 4;
  return findings.some(({ level }) => level === "fault") ? 1 : 0;
}
