// Child processes: exit statuses and signals pass through as if no wrapper stood between.
import { spawn } from "node:child_process";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Run a program on our own standard streams.
 *
 * @returns {Promise<{ code: number | null, signal: NodeJS.Signals | null }>}
 */
export function attach(command, args, options = {}) {
  return follow(spawn(command, args, { ...options, stdio: "inherit" }));
}

/**
 * Run a program quietly and keep what it printed.
 *
 * @returns {Promise<{ code: number | null, signal: NodeJS.Signals | null, output: string }>}
 */
export async function capture(command, args, options = {}) {
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const chunks = [];
  child.stdout.on("data", (chunk) => chunks.push(chunk));
  child.stderr.on("data", (chunk) => chunks.push(chunk));
  const ending = await follow(child);
  return { ...ending, output: Buffer.concat(chunks).toString("utf8") };
}

/** End this process the way the child ended: same status, or killed by the same signal. */
export function endLike({ code, signal }) {
  if (signal === null) process.exit(code ?? 1);
  process.kill(process.pid, signal);
  setTimeout(() => process.exit(1), 1_000); // Only reached where the signal cannot end us.
}

function follow(child) {
  // A terminal sends Ctrl-C to the whole group, the child included; passing it on would make it two,
  // and the second one means "abort".
  const onTerminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
  const handlers = SIGNALS.map((signal) => {
    const handler = () => {
      if (signal !== "SIGINT" || !onTerminal) child.kill(signal);
    };
    process.on(signal, handler);
    return () => process.removeListener(signal, handler);
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal }));
  }).finally(() => {
    for (const remove of handlers) remove();
  });
}
