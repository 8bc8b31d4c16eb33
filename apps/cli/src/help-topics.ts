/** A page of help about more than one command. */
export interface HelpTopic {
  readonly name: string;
  readonly summary: string;
  readonly text: string;
}

/** Every topic of `reseal help TOPIC`. */
export const helpTopics: readonly HelpTopic[] = [
  {
    name: "ids",
    summary: "what identifies a run, and how to name one",
    text: `Every run has three ids:

  run id        one execution: a UUID
  artifact id   the content: sha256 of inputs and results; equal content has an equal id,
                whoever made it, wherever and whenever
  seal          one sealed bundle: sha256 of its manifest.json

and up to three keys: the input key (what was asked), the result key (what came out) and the
env key (with what). \`reseal diff A B\` says which of them are equal.

A command that takes an id takes any of:

  @last                         the newest run of the store
  3f2a                          the beginning of a run id, artifact id or seal: 4 characters
                                or more, as many as make it unique
  sha256:3f2a                   the same with its algorithm
  sha256:3f2a9c…;seal=sha256:…  one seal of an artifact that was sealed more than once

An artifact that was sealed several times is taken as its earliest seal, with a note. When a
beginning is not unique, the candidates are listed (exit 3). \`verify\`, \`diff\` and \`replay\` also
take an exported bundle: a folder or a ZIP file.

In a shell with completion (see \`reseal help completion\`) the TAB key completes ids.`,
  },
  {
    name: "exit-codes",
    summary: "what each exit status means",
    text: `    0  done
    1  done, and a difference or a failed check was found: diff, verify, replay, doctor,
       schema validate
    2  wrong usage or configuration; nothing was done
    3  not found, or the beginning of an id that fits several
    4  integrity: a digest, seal or document is not what it should be
    5  refused by policy: a secret, an unsafe name, a store that may not be written
    6  partly done; what failed is listed
    7  busy: another process holds a lock, or the disk is full
    8  remote: network, sign-in
   70  a defect of Reseal
  130  stopped by Ctrl-C (143: by SIGTERM); nothing half-done stays

\`reseal run\` passes on the exit status of its command (128 + n when signal n ended it) and has
its own for the rest: 125 Reseal itself failed, 126 the command cannot be executed, 127 it was
not found.

With --json an error is one line as well: {"schema":…,"ok":false,"error":{"code":…,"exit":…}}.
\`reseal explain CODE\` says what a code means.`,
  },
  {
    name: "env",
    summary: "environment variables that are read and set",
    text: `\`reseal env --help\` is about the command that shows a run's environment.

Read by Reseal:

  RESEAL_STORE      the store; --store wins over it
  NO_COLOR          no colour, whatever its value; --color wins over it
  FORCE_COLOR       colour also into pipes and files (0: never); CLICOLOR_FORCE is the same
  CI                no moving progress
  TERM              dumb: no colour

Set for the command that \`reseal run\` records:

  RESEAL_RUN_DIR     a folder for metrics.jsonl and events.jsonl, a JSON object a line
  RESEAL_OUTPUT_DIR  a folder whose files become outputs; {out} in the command is the same
  RESEAL_SEED        the seed; {seed} in the command is the same
  PYTHONUNBUFFERED   1, unless it is set: Python prints at once

Of the other variables, the run's environment keeps those that change results or say where it
ran (threads, SLURM, MPI, CUDA); values that look like secrets are never stored. A variable that
is part of the question is named with --env NAME.`,
  },
  {
    name: "formats",
    summary: "what is written, and how to read it without Reseal",
    text: `A bundle is a folder (\`reseal export ID -o FOLDER\`), or a ZIP file of it (\`-o FILE.zip\`):

  manifest.json         content and context of the run; its sha256 is the seal
  checksums.sha256      for sha256sum -c: every other file
  trees/*.sha256        for sha256sum -c: code, inputs, outputs
  run.json, environment.json, config.snapshot.json, metrics.json, provenance.json, events.jsonl
  code/ inputs/ outputs/ logs/
  CITATION.bib citation.json citation.md

\`reseal schema ls\` lists the JSON Schemas of all documents and of all --json output,
\`reseal schema show NAME\` prints one.

  --json       one object on the last line of standard output:
               {"schema":"ls/v1","ok":true,"data":{…}}; lists are data.items and data.next
  cite         --format bibtex, json or markdown

Times are RFC 3339 in UTC, sizes are bytes, digests are sha256: and 64 hex digits.`,
  },
  {
    name: "retention",
    summary: "what is kept and for how long",
    text: `Runs in a store are kept, and nothing expires, until a policy of their family says otherwise:
\`reseal artifacts gc --store .reseal\`. Equal files are stored once, however many runs hold them.

Loose files of runs (./artifacts, or --pool FOLDER) are cleaned up by \`reseal artifacts gc\`, by
the policies of config/artifacts.yaml. Without it the newest 10, 10, 8, 12, 12 of the families
proofs, bench, smoke90, explain and greenwall are kept.

Never deleted: what is pinned, the last pass and the last run of each family. A family without a
policy keeps everything. Without --apply nothing is changed; with it, files go to .trash/ for 30
days, and \`reseal artifacts restore\` brings them back. \`reseal artifacts why ID\` names the
rules that keep an entry or let it go.`,
  },
];
