import { canonicalJson, type JsonObject } from "@reseal/hash";
import { type Content, type Manifest, validate } from "@reseal/schema";

/** A results object as it can be sealed, or why it cannot. */
export type CheckedValues =
  | { readonly values: JsonObject | undefined }
  | { readonly problem: string };

/**
 * Make a results object of what an executor returned: NaN and infinities become the strings that
 * stand for them, and what the type of the artifact demands is checked.
 *
 * It is done before sealing, so that a wrong result is a failed run and not a lost one.
 */
export async function checkValues(type: string, raw: unknown): Promise<CheckedValues> {
  if (raw === undefined) return { values: undefined };
  if (typeof raw !== "object" || raw === null || Array.isArray(raw))
    return { problem: "An executor returns an object or nothing." };
  let values: JsonObject;
  try {
    values = JSON.parse(canonicalJson(withoutBareNumbers(raw))) as JsonObject;
  } catch (error) {
    return { problem: `The result cannot be written as JSON: ${(error as Error).message}` };
  }
  const finding = await findingOf({ content_version: 1, type, inputs: {}, results: { values } });
  return finding === undefined ? { values } : { problem: finding };
}

const contentPointer = "/content/results/values";

async function findingOf(content: Content): Promise<string | undefined> {
  // Only what is said about the values counts; the other half is not there yet.
  const findings = await validate("manifest", { content } as Manifest);
  const found = findings.find(({ pointer }) => pointer.startsWith(contentPointer));
  return found && `${found.pointer.slice(contentPointer.length) || "The result"} ${found.message}`;
}

function withoutBareNumbers(value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (Array.isArray(value)) return value.map(withoutBareNumbers);
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === objectRoot)
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, withoutBareNumbers(item)]),
    );
  if (ArrayBuffer.isView(value) && isNumberArray(value)) return [...value].map(withoutBareNumbers);
  return value;
}

const objectRoot = Object.prototype;

function isNumberArray(view: ArrayBufferView): view is Float64Array {
  return view instanceof Float64Array || view instanceof Float32Array;
}
