import { isatty } from "node:tty";
import type { OutputSink, SignalSource } from "@reseal/record";

/** Streams whose reader has gone. */
const closed = new WeakSet<NodeJS.WriteStream>();

/** Hand a child's output on; a reader that has gone does not stop the recording. */
export function passOn(stream: NodeJS.WriteStream): OutputSink {
  // Both outputs of a child may go to one stream: the last listener must serve both.
  stream.removeAllListeners("error");
  stream.on("error", () => closed.add(stream));
  return (chunk) => (closed.has(stream) || stream.write(chunk) ? undefined : writable(stream));
}

function writable(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off("drain", done);
      stream.off("error", done);
      resolve();
    };
    stream.on("drain", done);
    stream.on("error", done);
  });
}

/** The signals of this process, while somebody listens; a terminal sends them to a child, too. */
export function processSignals(): SignalSource {
  return {
    reachesChild: isatty(0), // Making the stream to ask it takes much longer.
    subscribe(listener) {
      const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;
      const removals = signals.map((signal) => {
        const handler = (): void => listener(signal);
        process.on(signal, handler);
        return () => process.off(signal, handler);
      });
      return () => {
        for (const remove of removals) remove();
      };
    },
  };
}
