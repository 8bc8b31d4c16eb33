import type { PoolEntry } from "@reseal/schema";
import { expect, test } from "vitest";
import { renderTree } from "./render-tree.ts";

function entry(id: string, family: string, paths: readonly string[], is_pinned = false): PoolEntry {
  return {
    id,
    run_id: id,
    family,
    timestamp: "2025-09-06T14:30:22.000Z",
    created_at: "2025-09-06T14:30:22.000Z",
    modified_at: "2025-09-06T14:30:22.000Z",
    scanned_at: "2025-09-06T14:30:22.000Z",
    pass_fail: "pass",
    is_last_pass: true,
    is_last_run: true,
    is_pinned,
    paths: [...paths],
    total_bytes: 512,
    checksum_sha256: "00",
  };
}

const entries = [
  entry("a1b2c3d4", "proofs", ["micro/proofs/a.jsonl", "micro/proofs/a.md", "micro/b.md"], true),
  entry("e5f6a7b8", "proofs", ["micro/proofs/\u001b[31m.md"]),
  entry("c9d0e1f2", "bench", ["p99.json"]),
];

test("shows families, runs and folders, and nothing that a terminal obeys", () => {
  expect(renderTree(entries, { ascii: false })).toBe(
    [
      "proofs  2 entries  1.0K",
      "├─ a1b2c3d4  2025-09-06 14:30:22  512B  pass*+  📌",
      "│  └─ micro/",
      "│     ├─ proofs/",
      "│     │  ├─ a.jsonl",
      "│     │  └─ a.md",
      "│     └─ b.md",
      "└─ e5f6a7b8  2025-09-06 14:30:22  512B  pass*+",
      "   └─ micro/proofs/\\u001b[31m.md",
      "",
      "bench  1 entry  512B",
      "└─ c9d0e1f2  2025-09-06 14:30:22  512B  pass*+",
      "   └─ p99.json",
      "",
      "Legend: * = last run, + = last pass, 📌 = pinned",
      "Total: 3 entries, 0.0 MB (times are UTC)",
    ].join("\n"),
  );
  expect(renderTree(entries, { ascii: true })).toMatch(/^[ -~\n]*$/);
});
