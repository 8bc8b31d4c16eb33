import { isKnowable, type KnownSecret } from "./known-values.ts";
import { nameStrength, splitName } from "./names.ts";
import { isPathOrUrl, isPlaceholder, looksLikeWords } from "./values.ts";

const secretWords =
  /^(?:\w*(?:key|token|secret|password|passwd|passphrase|credential|credentials|creds)|auth|dsn|private|pwd|pass|pat|bearer|sas|connstr|authorization|connection|jwt|webhook|cookie|netrc|signature|salt|pepper|pin)$/;
const aboutWords =
  /^(?:file|path|dir|directory|folder|home|sock|socket|name|id|type|kind|method|mode|url|uri|host|port|enabled|disabled|ttl|expiry|timeout|limit|count|max|min|length|size|version|env|algorithm|agent|pid|display|provider|region|user|username|email|keyring|keymap)$/;
const ownPlaces = [
  "HOME",
  "USERPROFILE",
  "PWD",
  "OLDPWD",
  "USER",
  "USERNAME",
  "LOGNAME",
  "SHELL",
  "HOSTNAME",
  "LANG",
  "TERM",
  "PATH",
  "TMPDIR",
];

/**
 * Pick the secrets out of a process environment: variables with secret-looking names and the
 * passwords of URLs in any variable.
 *
 * Left out are values shorter than 8 bytes or without entropy, paths, plain words, URLs without a
 * password, and values that are also the user's home, name or shell.
 */
export function secretsFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): KnownSecret[] {
  const ordinary = new Set(ownPlaces.map((name) => environment[name]));
  const secrets: KnownSecret[] = [];
  const seen = new Set<string>();
  const add = (name: string, value: string): void => {
    if (seen.has(value) || ordinary.has(value) || !isKnowable(value)) return;
    seen.add(value);
    secrets.push({ name, value });
  };
  for (const name of Object.keys(environment).sort()) {
    const value = environment[name]?.trim();
    if (value === undefined || value === "") continue;
    const password = urlPassword(value);
    if (password !== undefined) add(name, password);
    if (isSecretName(name) && isSecretContent(name, value)) add(name, value);
  }
  return secrets;
}

function isSecretName(name: string): boolean {
  const words = splitName(name);
  if (aboutWords.test(words.at(-1) ?? "")) return false;
  // `monkey` and `turkey` are no keys, but `APIKEY` is one: any other prefix is given the doubt.
  return words.some((word) => secretWords.test(word)) || nameStrength(name) !== "none";
}

function isSecretContent(name: string, value: string): boolean {
  if (value.includes("-----BEGIN") || /^[{[]/.test(value)) return true;
  if (isPlaceholder(value) || isPathOrUrl(value)) return false;
  if (isSearchPath(value)) return false;
  if (/^[\d.,:-]+$/.test(value)) return value.length >= 12;
  if (!looksLikeWords(value)) return true;
  // A passphrase made of words is a secret under a password's name only.
  return nameStrength(name) === "password" && value.length >= 16;
}

function isSearchPath(value: string): boolean {
  return value.includes(":/") && value.split(":").every((part) => part.startsWith("/"));
}

function urlPassword(value: string): string | undefined {
  const match = /^[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/?#:@]{0,128}:([^\s/@]{8,512})@/i.exec(value);
  const password = match?.[1];
  if (password === undefined || isPlaceholder(password) || looksLikeWords(password)) {
    return undefined;
  }
  try {
    return decodeURIComponent(password);
  } catch (error) {
    // `%` that starts no escape: the password is as written.
    if (error instanceof URIError) return password;
    throw error;
  }
}
