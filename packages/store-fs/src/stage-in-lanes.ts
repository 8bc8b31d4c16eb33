import { strict as assert } from "node:assert";
import { type BatchFile, type PutFilesOptions, storeErrors } from "@reseal/store";
import type { StagedFile, StagingPlace } from "./file-stager.ts";
import type { FlatFailure } from "./lane-work.ts";
import type { Lanes } from "./lanes.ts";

/** Stage many files; the results are in the order of the files. */
export async function stageInLanes(
  lanes: Lanes,
  newPlace: () => StagingPlace,
  files: readonly BatchFile[],
  { inspector, reader, ...options }: PutFilesOptions,
): Promise<StagedFile[]> {
  const places = new Map<number, StagingPlace>();
  const results = new Array<StagedFile | undefined>(files.length);
  await lanes.spread(
    files,
    {
      sizeOf: (file) => file.size,
      taskOf: (part, lane) => {
        const place = places.get(lane) ?? newPlace();
        places.set(lane, place);
        return {
          kind: "stage",
          ...place,
          inspector: inspector && { module: inspector.module, data: inspector.data },
          reader: reader && { module: reader.module, data: reader.data },
          files: part.map(({ path, expected, inspectAs, readAs }) => ({
            path,
            expected,
            inspectAs,
            readAs,
          })),
        };
      },
      take: ({ staged }, part) => {
        for (const [position, { index }] of part.entries()) {
          const file = staged[position];
          assert(file !== undefined);
          results[index] =
            file.status === "failure" ? { status: "failed", error: raise(file) } : file;
        }
      },
      inspector: inspector?.inspector,
      reader: reader?.reader,
    },
    options,
  );
  return results.map((result) => {
    assert(result !== undefined);
    return result;
  });
}

type FileError = Extract<StagedFile, { status: "failed" }>["error"];

/** The error of a file again, as it was before it went from thread to thread. */
function raise({
  code,
  message,
  details,
}: Pick<FlatFailure, "code" | "message" | "details">): FileError {
  for (const make of [storeErrors.FILE_UNREADABLE, storeErrors.DIGEST_MISMATCH])
    if (make.code === code) return make(message, { details });
  return storeErrors.FILE_CHANGED(message, { details });
}
