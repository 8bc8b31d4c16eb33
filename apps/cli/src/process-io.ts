import type { OutputSink, SignalSource } from "@reseal/record";

/** Hand a child's output on; a reader that has gone does not stop the recording. */
export function passOn(stream: NodeJS.WriteStream): OutputSink {
  let isOpen = true;
  stream.removeAllListeners("error");
  stream.on("error", () => {
    isOpen = false;
  });
  return (chunk) => {
    if (!isOpen || stream.write(chunk)) return undefined;
    return new Promise((resolve) => {
      stream.once("drain", resolve);
      stream.once("error", () => resolve());
    });
  };
}

/** The signals of this process, while somebody listens. */
export function processSignals(reachesChild: boolean): SignalSource {
  return {
    reachesChild,
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
