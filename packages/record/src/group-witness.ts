import { type ChildProcess, spawn } from "node:child_process";

/** Tells whether a signal went to all of this process's group, as the terminal's do. */
export interface GroupWitness extends Disposable {
  /** Called when this process has got SIGINT or SIGQUIT. */
  sawIt(): Promise<boolean>;
}

/** How long the kernel may take to tell us of another process's end. */
const patienceMs = 200;

/**
 * Watch over the signals of this process's group.
 *
 * A signal does not say who sent it. So a process that waits for nothing stands beside us: what
 * the terminal sends ends it, what somebody sends to us alone does not. Where it cannot be started,
 * every signal is taken for the terminal's, so that the child never gets one twice.
 */
export function openGroupWitness(): GroupWitness {
  // It ends with us: nothing else holds the other end of its input.
  const witness = spawn("cat", [], { stdio: ["pipe", "ignore", "ignore"], cwd: "/" });
  const ended = endOf(witness);
  witness.unref();
  witness.stdin.on("error", () => undefined);
  return {
    sawIt: async () => {
      const patience = new Promise<false>((resolve) => {
        // On a busy machine the time may be over before anybody has looked for news: look once.
        setTimeout(() => setImmediate(() => setImmediate(resolve, false)), patienceMs);
      });
      return await Promise.race([ended, patience]);
    },
    [Symbol.dispose]: () => void witness.kill("SIGKILL"),
  };
}

function endOf(witness: ChildProcess): Promise<true> {
  return new Promise((resolve) => {
    witness.once("exit", () => resolve(true));
    witness.once("error", () => resolve(true));
  });
}
