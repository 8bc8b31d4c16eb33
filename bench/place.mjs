// Where the stores are measured: a new, journalled ext4 image where root may mount one. A file
// system that has been worked on for long makes creating files up to 20 times slower.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** @returns `{ folder, about, leave() }` */
export function openPlace({ gibibytes, parent = tmpdir() }) {
  const root = mkdtempSync(join(parent, "reseal-bench-"));
  const folder = join(root, "place");
  mkdirSync(folder);
  const leave = () => rmSync(root, { recursive: true, force: true });
  if (process.platform !== "linux" || process.geteuid() !== 0)
    return { folder, about: "a folder (not root: no file system of its own)", leave };
  const image = join(root, "ext4.img");
  writeFileSync(image, "");
  truncateSync(image, gibibytes * 1024 ** 3);
  const options = "lazy_itable_init=0,lazy_journal_init=0";
  const made = succeeds("mkfs.ext4", ["-q", "-F", "-N", "1000000", "-E", options, image]);
  if (!made || !succeeds("mount", ["-o", "loop", image, folder]))
    return { folder, about: "a folder (no ext4 image could be mounted)", leave };
  return {
    folder,
    about: "a new ext4 image",
    leave: () => {
      spawnSync("umount", [folder]).status === 0 || spawnSync("umount", ["-l", folder]); // A process that just ended may still hold it.
      leave();
    },
  };
}

function succeeds(program, args) {
  return spawnSync(program, args).status === 0;
}
