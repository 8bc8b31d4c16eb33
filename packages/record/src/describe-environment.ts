import type { CapturedEnvironment, EnvironmentRequest } from "./environment/environment.ts";

/**
 * Describe the circumstances of a command; see `captureEnvironment`, which is loaded only now.
 * @throws only the reason of `signal`, when it is aborted.
 */
export async function describeEnvironment(
  request: EnvironmentRequest,
): Promise<CapturedEnvironment> {
  const { captureEnvironment } = await import("./environment/environment.ts");
  return await captureEnvironment(request);
}
