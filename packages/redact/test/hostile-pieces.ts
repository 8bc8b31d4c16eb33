const bar = "-".repeat(5);
const pem = ["BEGIN", "PRIVATE", "KEY"].join(" ");
const akia = ["AK", "IA"].join("");

/** Pieces that, repeated, would hurt a backtracking expression or a scan that starts again. */
export const hostilePieces: readonly string[] = [
  ...[
    "a",
    "A",
    "\n",
    " ",
    '"',
    "'",
    "\\",
    "\\/",
    "\\u0041",
    "\\\\u0041\n",
    "%41",
    "%25",
    "%41 ",
    "\0",
  ],
  ...[
    "token",
    "secret=",
    'secret="',
    'secret="password=\\"',
    "password: ",
    "key: key: ",
    "token(",
    "<token>",
  ],
  ...[
    "secret ",
    "name_key_key_",
    ['api_key="', "token=", '\\"', "secret", "='"].join(""),
    `secret:${"\\".repeat(20)}"`,
  ],
  ...[
    `${bar}${pem}${bar}`,
    `${bar}${pem}${bar}\nAAAA`,
    "BEGIN ",
    "eyJ",
    "eyJhbGciOiJI.",
    "basic QUFB",
  ],
  ...[
    "://a:a:a",
    "a://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:",
    "bearer ",
    "sk-",
    "AzSe",
    "wandb ",
    "twilio",
  ],
  ...[
    "\u001b[31m",
    "\u001b[",
    "QUFB",
    `${"QUFB".repeat(13)}\n`,
    "MTIzNDU2Nzg5MDEyMzQ1Njc4.",
    "[REDACTED:a:1]",
  ],
  ...[akia, `${akia}QWERTYUIOPASDFGH `, `${akia}QWERTYUIOPASDFGH${"a1B2".repeat(10)},`],
];
