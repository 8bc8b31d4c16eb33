// The colleague's story: a run goes from one machine to another as a ZIP file, and comes out the same.
import { copyFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import { expect, test } from "vitest";
import { Sandbox } from "./sandbox.ts";

test("a colleague imports the ZIP, verifies it, and replays it to the same artifact", async () => {
  const [author, colleague] = [new Sandbox(), new Sandbox()];
  const work = author.example("butterfly");
  const command = ["run", "--seed", "1963", "--", "node", "experiment.mjs"];
  const run = await author.data(command, { cwd: work });
  await author.data(["export", "@last", "-o", "run.zip"], { cwd: work });
  const desk = colleague.folder("desk");
  copyFileSync(author.path("butterfly", "run.zip"), colleague.path("desk", "run.zip"));
  renameSync(author.root, `${author.root}-gone`); // Nothing of the author's machine is there.

  try {
    const imported = await colleague.data(["import", "run.zip"], { cwd: desk });
    const verified = await colleague.reseal(["verify", "--all"], { cwd: desk });
    const replayed = await colleague.data(["replay", String(run.artifact_id)], { cwd: desk });
    const again = await colleague.data(["import", "run.zip"], { cwd: desk });

    expect(imported).toMatchObject({ seal: run.seal, artifact_id: run.artifact_id, is_new: true });
    expect(verified.status).toBe(0);
    expect(replayed).toMatchObject({ verdict: "reproduced" });
    expect(again.is_new).toBe(false);
    const { items } = await colleague.data(["ls"], { cwd: desk });
    const ids = (items as { type: string; artifact_id: string }[])
      .filter(({ type }) => type === "run")
      .map(({ artifact_id }) => artifact_id);
    expect(ids).toEqual([run.artifact_id, run.artifact_id]);
    expect(readdirSync(desk).sort()).toEqual([".reseal", "run.zip"]);
  } finally {
    rmSync(`${author.root}-gone`, { recursive: true });
  }
});
