import { defineErrors, type ErrorsOf } from "@reseal/errors";

const table = {
  INPUT_NOT_FOUND: {
    exitCode: 3,
    httpStatus: 404,
    hint: "Check the paths of --in and --in-ref, and those of reseal.yaml, which are relative to it.",
  },
  INPUT_INVALID: {
    exitCode: 2,
    httpStatus: 400,
    hint: "Name the files so that each has its own portable name.",
  },
  CONFIG_INVALID: {
    exitCode: 2,
    httpStatus: 400,
    hint: "The file must hold one JSON, YAML or TOML object.",
  },
  PROJECT_CONFIG_INVALID: {
    exitCode: 2,
    httpStatus: 400,
    hint: "See `reseal init` for a commented reseal.yaml.",
  },
  COMMAND_NOT_FOUND: {
    exitCode: 127,
    httpStatus: 400,
    hint: "Check the spelling and PATH; a script needs ./ in front.",
  },
  COMMAND_NOT_EXECUTABLE: {
    exitCode: 126,
    httpStatus: 400,
    hint: "Make it executable (chmod +x) or run it through its interpreter.",
  },
  COMMAND_INVALID: {
    exitCode: 2,
    httpStatus: 400,
    hint: "Placeholders are {out}, {in} and {seed}; {seed} needs --seed.",
  },
  DESCRIPTION_INVALID: {
    exitCode: 2,
    httpStatus: 400,
    hint: "Correct the flag or the key of reseal.yaml that this value comes from.",
  },
  FOLDER_NOT_FOUND: {
    exitCode: 3,
    httpStatus: 404,
    hint: "Give an existing folder.",
  },
  SECRET_FOUND: {
    exitCode: 5,
    httpStatus: 422,
    hint: "Remove the secret, ignore the file, or pass --allow-secret PATH for it.",
  },
  EXECUTOR_NOT_FOUND: {
    exitCode: 3,
    httpStatus: 404,
    hint: "Register the executor with the engine, or name one that is registered.",
  },
  EXECUTOR_INVALID: {
    exitCode: 2,
    httpStatus: 400,
    hint: "Names are lower-case words joined by dashes or dots; graphs need an executor of graphs.",
  },
  GRAPH_INVALID: {
    exitCode: 2,
    httpStatus: 400,
    hint: "A graph is {nodes: [{id, type}], edges: [{src_node, dst_node}]}.",
  },
  RUN_ENDED: {
    exitCode: 2,
    httpStatus: 409,
    hint: "An executor must wait for all it started before it returns, and stop at an abort.",
  },
  STORE_READ_ONLY: {
    exitCode: 5,
    httpStatus: 403,
    hint: "Choose a store that can be written with --store.",
  },
};

/** Codes of `@reseal/record`. */
export const recordErrors: ErrorsOf<typeof table> = defineErrors("RECORD", table);
