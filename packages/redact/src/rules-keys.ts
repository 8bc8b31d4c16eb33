import { isNotExample, type TokenRule } from "./rule.ts";
import { countDifferent, entropy, isMixedWord } from "./text-statistics.ts";
import { isDocumentedPair, isPlaceholder } from "./values.ts";

/** `{"sub":"1234567890"` and `John Doe`: the example of jwt.io and every copy of it. */
const documentedJwt = /eyJzdWIiOiIxMjM0NTY3ODkw|Ikpvag4gRG9l|Sm9obiBEb2/;

/** Formats that belong to no provider: keys, web tokens, headers, URLs. */
export const keyRules: readonly TokenRule[] = [
  {
    rule: "private-key",
    anchors: ["BEGIN "],
    // The end may be missing: a cut-off key is a secret too. Escaped newlines are `\`, `n` and `r`.
    pattern:
      /BEGIN[ +](?:[A-Z0-9]{2,10}[ +]){0,4}PRIVATE[ +]KEY(?:[ +]BLOCK)?[ +]?-{4,5}(?:[A-Za-z0-9:,\s\\]{1,64}-){0,8}[A-Za-z0-9+/=\s\\:,.()]{40,16384}(?:-{4,5}[ +]?END[ +](?:[A-Z0-9]{2,10}[ +]){0,4}PRIVATE[ +]KEY(?:[ +]BLOCK)?[ +]?-{4,5})?/,
    lead: /(-{4,5}[ +]?)$/,
    left: "any",
    accepts: isKeyBody,
  },
  {
    rule: "putty-private-key",
    anchors: ["Private-Lines: "],
    pattern: /Private-Lines: \d{1,3}(?:\r?\n|\\+r\\+n|\\+n)([A-Za-z0-9+/=\s\\]{40,8192})/,
  },
  {
    rule: "age-key",
    anchors: ["AGE-SECRET-KEY-"],
    pattern: /AGE-SECRET-KEY-(?:PQ-)?1[A-Z0-9]{50,120}/i,
    left: "alnum",
    fold: true,
  },
  {
    rule: "jwt",
    anchors: ["eyJ"],
    pattern:
      /eyJ[\w-]{10,2048}={0,2}\.[\w-]{2,8192}={0,2}\.[\w-]{10,2048}={0,2}(?:\.[\w-]{10,4096}){0,2}/,
    accepts: (token) => !documentedJwt.test(token) && !/\.{2}|xxxx|XXXX/.test(token),
  },
  {
    rule: "url-password",
    isGeneric: true,
    anchors: ["://"],
    pattern: /:\/\/[^\s/?#:@"'<>\\[\]{}]{0,64}:([^\s/@"'<>\\]{3,200})(?=@[\w.[*-])/,
    left: "any",
    accepts: isUrlPassword,
  },
  {
    rule: "url-password",
    isGeneric: true,
    anchors: ["://"],
    pattern: /:\/\/([A-Za-z0-9_.~-]{20,200})(?=(?::x-oauth-basic|:x|:)?@[\w[])/,
    left: "any",
    accepts: (secret) => isNotExample(secret) && entropy(secret) >= 3 && /\d/.test(secret),
  },
  {
    rule: "bearer-token",
    isGeneric: true,
    anchors: ["bearer"],
    pattern: /bearer(?:[ \t+]|\\+t|["':=,]|\\+["']){1,8}([A-Za-z0-9._~+/-]{16,2048}={0,2})/i,
    left: "any",
    fold: true,
    accepts: isBearer,
  },
  {
    rule: "basic-auth",
    isGeneric: true,
    anchors: ["basic "],
    pattern: /basic[ +]{1,4}([A-Za-z0-9+/_-]{8,512}={0,2})/i,
    fold: true,
    accepts: isBasicPair,
  },
  {
    rule: "basic-auth",
    isGeneric: true,
    anchors: ["-u ", "--user ", "--proxy-user "],
    pattern: /-{1,2}[a-z-]{1,12}[ \t]{1,4}(?:\\?["'])?[^\s:"'\\]{1,64}:([^\s"'\\]{6,128})/,
    accepts: isUrlPassword,
  },
];

function isKeyBody(block: string): boolean {
  // Prose about keys has no long words; every line of a key but the last is one. What stands in for
  // a key in documentation shows at its beginning.
  const body = block.slice(block.indexOf("KEY") + 3, 320);
  if (/x{8}|X{8}|EXAMPLE|\.{3}|your[-_ ]/.test(body)) return false;
  const line = /[A-Za-z0-9+/]{32,64}/.exec(body);
  return line !== null && countDifferent(line[0]) >= 8;
}

function isUrlPassword(password: string): boolean {
  if (isPlaceholder(password) || /^[$%{<]/.test(password)) return false;
  if (
    /^(?:pass(?:word|wd)?|pwd|secret|token|user(?:name)?|admin|root|guest|test|postgres|mysql|redis|rabbitmq|minio|minioadmin|key|mypass(?:word)?|x-oauth-basic|changeme|app|dev|local|api_?key)\d{0,3}$/i.test(
      password,
    )
  ) {
    return false;
  }
  if (/^[A-Za-z]+(?:[-_][A-Za-z]+)*$/.test(password)) return password.length >= 12;
  // A port and a path such as `://host:8080/@scope` never reach here; times like 12:30@ may.
  return !/^\d{1,5}$/.test(password) && countDifferent(password) >= 4;
}

function isBearer(token: string): boolean {
  if (isPlaceholder(token)) return false;
  if (!/\d/.test(token) && !(token.length >= 24 && isMixedWord(token))) return false;
  return (
    token.split(/[-_./]/).some((part) => part.length >= 12 && /\d/.test(part)) || isMixedWord(token)
  );
}

function isBasicPair(encoded: string): boolean {
  const pair = Buffer.from(encoded, "base64").toString("latin1");
  if (!/^[\x20-\x7e]{1,128}:[\x20-\x7e]{0,256}$/.test(pair) || isDocumentedPair(pair)) return false;
  const password = pair.slice(pair.indexOf(":") + 1);
  return !isPlaceholder(pair) && (password.length >= 4 || pair.length >= 20);
}
