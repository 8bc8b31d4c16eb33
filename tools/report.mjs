// What the tools say: short lines on standard error; standard output belongs to the program that runs.

/** Setting up the tools failed, or they were called wrongly; nothing is wrong with the code. */
export class SetupError extends Error {
  constructor(message, { hint = "", output = "", exitCode = 125 } = {}) {
    super(message);
    this.hint = hint;
    this.output = output;
    this.exitCode = exitCode; // 125 is what `reseal run` says of a failure of its own, too.
  }
}

export function say(text) {
  process.stderr.write(`reseal: ${text}\n`);
}

/** Do one thing; name it only when it takes long enough for somebody to wonder. */
export async function step(name, work, { quietMs = 700 } = {}) {
  const start = Date.now();
  let said = false;
  const timer = setTimeout(() => {
    said = true;
    say(`${name} …`);
  }, quietMs);
  try {
    const result = await work();
    if (said) say(`${name}: done in ${seconds(start)}`);
    return result;
  } finally {
    clearTimeout(timer);
  }
}

export function seconds(start) {
  return `${((Date.now() - start) / 1000).toFixed(1)} s`;
}
