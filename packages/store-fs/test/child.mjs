// Child process of processes.test.ts: node child.mjs <task> <argument>…
import { openFsBlobStore, openFsJournal } from "../dist/index.js";

const tasks = {
  /** Stage without end, and tell how far it is; somebody will kill this. */
  async batch(directory) {
    const store = await openFsBlobStore(directory);
    const batch = await store.openBatch();
    for (let index = 0; ; index += 1) {
      await batch.put(Buffer.from(`staged ${index}`));
      if (index % 50 === 0) await say(`staged ${index}`);
    }
  },

  /** Commit batch after batch, and tell each that is committed; somebody will kill this. */
  async commits(directory) {
    const store = await openFsBlobStore(directory);
    for (let round = 0; ; round += 1) {
      const batch = await store.openBatch();
      for (let index = 0; index < 20; index += 1) {
        await batch.put(Buffer.from(`round ${round} blob ${index}`));
      }
      await batch.commit();
      await batch[Symbol.asyncDispose]();
      await say(`committed ${round}`);
    }
  },

  /** Append records, three at a time. */
  async journal(directory, name, count) {
    const journal = await openFsJournal(directory);
    for (let round = 0; round < Number(count); round += 1) {
      const records = [0, 1, 2].map((part) => ({ name, part, round, text: "x".repeat(3000) }));
      await journal.append("seals", records);
      await say(`appended ${round}`);
    }
  },

  /** Put the same blobs as everybody else. */
  async same(directory) {
    const store = await openFsBlobStore(directory);
    const batch = await store.openBatch();
    for (let index = 0; index < 300; index += 1) await batch.put(Buffer.from(`same ${index}`));
    await batch.commit();
    await say("committed");
  },

  /** Write more than the limit on the size of a file allows, and tell what comes of it. */
  async limited(directory) {
    const store = await openFsBlobStore(`${directory}/artifacts`);
    const journal = await openFsJournal(`${directory}/journal`);
    const batch = await store.openBatch();
    await batch.put(Buffer.from("small"));
    await journal.append("notes", [{ n: 1 }]);
    const writes = [
      () => batch.put(Buffer.alloc(3 << 20)),
      () => batch.put(pieces(30)),
      () => batch.putFile(process.execPath),
      () => journal.append("notes", [{ n: 2 }, { text: "x".repeat(3 << 20) }]),
    ];
    for (const write of writes) await say(await write().catch((error) => error.code));
    await batch.commit();
    await journal.append("notes", [{ n: 3 }]);
    await say("went on");
  },

  /** Store a file, read it again, and tell the peak of memory in MiB. */
  async memory(directory, path) {
    const store = await openFsBlobStore(directory);
    const batch = await store.openBatch();
    const { digest, size } = await batch.putFile(path);
    await batch.commit();
    let read = 0;
    for await (const chunk of await store.get(digest)) read += chunk.byteLength;
    await say(JSON.stringify({ digest, size, read, rss: process.resourceUsage().maxRSS / 1024 }));
  },
};

async function* pieces(count) {
  for (let index = 0; index < count; index += 1) yield Buffer.alloc(100_000, index);
}

function say(line) {
  return new Promise((resolve) => process.stdout.write(`${line}\n`, resolve));
}

const [task, ...rest] = process.argv.slice(2);
await tasks[task](...rest);
