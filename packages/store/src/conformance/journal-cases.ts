import { strict as assert } from "node:assert";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Journal, JournalEntry, JournalRecord, JournalStream } from "../journal.ts";
import { rejectsExactly, rejectsWith, toList } from "./expectations.ts";

/** A promise of {@link Journal} that a case holds an implementation to. */
export type JournalLaw = "durable" | "whole" | "ordered" | "guarded" | "honest damage" | "abort";

/** What only the owner of an implementation can do for a case. */
export interface JournalHarness {
  /** Open the same place again, as another process does. */
  readonly reopen?: () => Promise<Journal>;
  /** Put bytes at a stream's end, as a write that was cut off, or damage, leaves them. */
  readonly appendRaw?: (stream: JournalStream, bytes: string) => Promise<void> | void;
}

/** One thing that an empty journal must do. Where `needs` cannot be had, leave the case out. */
export interface JournalCase {
  /** A sentence about behaviour; unique. */
  readonly name: string;
  readonly law: JournalLaw;
  readonly needs: readonly (keyof JournalHarness)[];
  run(journal: Journal, harness?: JournalHarness): Promise<void>;
}

/** The laws of {@link Journal} as data. Each case wants an empty journal and leaves records. */
export const journalCases: readonly JournalCase[] = [
  {
    name: "gives back what was appended, one stream apart from the other",
    law: "durable",
    needs: [],
    async run(journal) {
      const records = [{ a: 1, text: 'Zürich\n\u2028 "x"' }, { b: [null, { c: true }] }];

      await journal.append("seals", records);
      await journal.append("pins", [{ pin: 1 }]);

      assert.deepEqual(await readRecords(journal, "seals"), records);
      assert.deepEqual(await readRecords(journal, "pins"), [{ pin: 1 }]);
      assert.deepEqual(await readRecords(journal, "audit"), []);
    },
  },
  {
    name: "shows records to whoever opens the place next",
    law: "durable",
    needs: ["reopen"],
    async run(journal, harness) {
      await journal.append("audit", [{ n: 1 }]);

      assert(harness?.reopen !== undefined);
      await using other = await harness.reopen();

      assert.deepEqual(await readRecords(other, "audit"), [{ n: 1 }]);
    },
  },
  {
    name: "counts bytes from 0 and reads on where a record or the size ended",
    law: "ordered",
    needs: [],
    async run(journal) {
      assert.equal(await journal.size("tags"), 0);
      await journal.append("tags", [{ n: 1 }, { n: 2 }]);
      const middle = await journal.size("tags");
      await journal.append("tags", []);
      assert.equal(await journal.size("tags"), middle);
      await journal.append("tags", [{ n: 3 }]);

      const entries = await readEntries(journal, "tags");
      assert.deepEqual(
        entries.map(({ record }) => record),
        [{ n: 1 }, { n: 2 }, { n: 3 }],
      );
      assert.equal(entries[1]?.next, middle);
      assert.equal(entries[2]?.next, await journal.size("tags"));
      for (const [index, { next }] of entries.entries()) {
        assert.deepEqual(await readEntries(journal, "tags", next), entries.slice(index + 1));
      }
    },
  },
  {
    name: "tells an append which bytes its records take, next to those before",
    law: "ordered",
    needs: [],
    async run(journal, harness) {
      const first = await journal.append("tags", [{ n: 1 }, { n: 2 }]);
      assert.deepEqual(first, { from: 0, to: await journal.size("tags") });
      assert.deepEqual(await journal.append("tags", []), { from: first.to, to: first.to });

      await harness?.appendRaw?.("tags", '{"torn":');
      const second = await journal.append("tags", [{ n: 3 }]);

      assert.deepEqual(second, { from: first.to, to: await journal.size("tags") });
      assert.deepEqual(
        (await readEntries(journal, "tags", second.from)).map(({ record }) => record),
        [{ n: 3 }],
      );
    },
  },
  {
    name: "refuses an offset at which no record can start",
    law: "honest damage",
    needs: [],
    async run(journal) {
      await journal.append("notes", [{ n: 1 }]);
      const size = await journal.size("notes");

      await rejectsWith(readEntries(journal, "notes", size + 1), "JOURNAL_INVALID");
      await rejectsWith(readEntries(journal, "notes", 2), "JOURNAL_INVALID");
    },
  },
  {
    name: "keeps the order of appends, and the records of one append together",
    law: "ordered",
    needs: [],
    async run(journal) {
      const resolved: number[] = [];
      const appends = Array.from({ length: 25 }, async (_, writer) => {
        await journal.append(
          "audit",
          [0, 1, 2].map((part) => ({ writer, part })),
        );
        resolved.push(writer);
      });
      await Promise.all(appends);

      assert.deepEqual(
        await readRecords(journal, "audit"),
        resolved.flatMap((writer) => [0, 1, 2].map((part) => ({ writer, part }))),
      );
    },
  },
  {
    name: "keeps the records of one append together when two writers append",
    law: "ordered",
    needs: ["reopen"],
    async run(journal, harness) {
      assert(harness?.reopen !== undefined);
      await using other = await harness.reopen();
      const parts = Array.from({ length: 50 }, (_, part) => part);
      await Promise.all(
        [journal, other].flatMap((writer, name) =>
          Array.from({ length: 10 }, (_, round) =>
            writer.append(
              "seals",
              parts.map((part) => ({ name, round, part })),
            ),
          ),
        ),
      );

      const records = await readRecords(journal, "seals");
      assert.equal(records.length, 2 * 10 * 50);
      for (let start = 0; start < records.length; start += 50) {
        const { name, round } = records[start] ?? {};
        assert.deepEqual(
          records.slice(start, start + 50),
          parts.map((part) => ({ name, round, part })),
        );
      }
    },
  },
  {
    name: "keeps a record of 1 MiB whole",
    law: "whole",
    needs: [],
    async run(journal) {
      const long = { text: "é".repeat(512 * 1024) };

      await journal.append("notes", [long, { after: true }]);

      assert.deepEqual(await readRecords(journal, "notes"), [long, { after: true }]);
    },
  },
  {
    name: "refuses what JSON cannot hold, and appends nothing of it",
    law: "whole",
    needs: [],
    async run(journal) {
      for (const value of [Number.NaN, undefined, 1n, new Date(0)]) {
        await assert.rejects(journal.append("notes", [{ fine: 1 }, { value }]));
      }

      assert.deepEqual(await readRecords(journal, "notes"), []);
    },
  },
  {
    name: "appends nothing else to a stream while a guard runs",
    law: "guarded",
    needs: [],
    async run(journal) {
      const seen: JournalRecord[][] = [];
      const look = async (): Promise<void> => {
        seen.push(await readRecords(journal, "seals"));
        await journal.append("trash", [{ n: 0 }]); // Another stream is free.
        await nextTurn();
        seen.push(await readRecords(journal, "seals"));
      };

      await Promise.all([
        journal.append("seals", [{ n: 1 }], { guard: look }),
        journal.append("seals", [{ n: 2 }]),
        journal.append("seals", [], { guard: look }),
      ]);

      assert.deepEqual(seen.slice(0, 2), [seen[0], seen[0]]);
      assert.deepEqual(seen.slice(2), [seen[2], seen[2]]);
      assert.equal(seen.length, 4);
      assert.equal((await readRecords(journal, "seals")).length, 2);
    },
  },
  {
    name: "writes nothing when the guard throws",
    law: "guarded",
    needs: [],
    async run(journal) {
      const error = new Error("no");
      const guard = (): Promise<void> => Promise.reject(error);

      await rejectsExactly(journal.append("seals", [{ n: 1 }], { guard }), error);
      await journal.append("seals", [{ n: 2 }]);

      assert.deepEqual(await readRecords(journal, "seals"), [{ n: 2 }]);
    },
  },
  {
    name: "skips a torn last line, and starts the next append on a line of its own",
    law: "whole",
    needs: ["appendRaw"],
    async run(journal, harness) {
      assert(harness?.appendRaw !== undefined);
      await journal.append("seals", [{ n: 1 }]);
      const size = await journal.size("seals");
      await harness.appendRaw("seals", '{"n":2,"te');

      assert.deepEqual(await readRecords(journal, "seals"), [{ n: 1 }]);
      assert.equal(await journal.size("seals"), size);
      await journal.append("seals", [{ n: 3 }]);
      await journal.append("seals", [{ n: 4 }]);

      assert.deepEqual(await readRecords(journal, "seals"), [{ n: 1 }, { n: 3 }, { n: 4 }]);
      assert.deepEqual(
        (await readEntries(journal, "seals", size)).map(({ record }) => record),
        [{ n: 3 }, { n: 4 }],
      );
    },
  },
  {
    name: "skips a torn first line, also of zero bytes and half a character",
    law: "whole",
    needs: ["appendRaw"],
    async run(journal, harness) {
      assert(harness?.appendRaw !== undefined);
      await harness.appendRaw("pins", "\0\0\0{");
      assert.deepEqual(await readRecords(journal, "pins"), []);
      assert.equal(await journal.size("pins"), 0);

      await journal.append("pins", [{ n: 1 }]);
      await harness.appendRaw("pins", '{"x":"\ud83d');
      await journal.append("pins", [{ n: 2 }]);

      assert.deepEqual(await readRecords(journal, "pins"), [{ n: 1 }, { n: 2 }]);
    },
  },
  ...["not json", '{"n":2', "[1]", "null", '"text"'].map(
    (line): JournalCase => ({
      name: `reports the complete line ${line} as damage`,
      law: "honest damage",
      needs: ["appendRaw"],
      async run(journal, harness) {
        assert(harness?.appendRaw !== undefined);
        await journal.append("seals", [{ n: 1 }]);
        await harness.appendRaw("seals", `${line}\n`);

        await rejectsWith(readRecords(journal, "seals"), "JOURNAL_INVALID");
        await journal.append("seals", [{ n: 3 }]);
        await rejectsWith(readRecords(journal, "seals"), "JOURNAL_INVALID");
      },
    }),
  ),
  {
    name: "does nothing when aborted before the start",
    law: "abort",
    needs: [],
    async run(journal) {
      const signal = AbortSignal.abort();

      await rejectsExactly(journal.append("tags", [{ n: 1 }], { signal }), signal.reason);
      await rejectsExactly(journal.size("tags", { signal }), signal.reason);
      await rejectsExactly(toList(journal.read("tags", { signal })), signal.reason);

      assert.deepEqual(await readRecords(journal, "tags"), []);
    },
  },
];

async function readEntries(
  journal: Journal,
  stream: JournalStream,
  from = 0,
): Promise<JournalEntry[]> {
  return toList(journal.read(stream, { from }));
}

async function readRecords(journal: Journal, stream: JournalStream): Promise<JournalRecord[]> {
  return (await readEntries(journal, stream)).map(({ record }) => record);
}
