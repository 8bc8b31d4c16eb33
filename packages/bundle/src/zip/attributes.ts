import { zipError } from "./zip-errors.ts";

const typeMask = 0o170000;
const regular = 0o100000;
const folder = 0o040000;
const specialBits = 0o7000;
const anyExecute = 0o111;

const dosVolume = 0x08;
const dosFolder = 0x10;
const dosDevice = 0x40;
const dosReparsePoint = 0x400;

/**
 * Refuse what is neither a file nor a folder: links, devices, pipes, sockets, volume labels, and
 * files that would run as somebody else.
 *
 * Both halves are looked at whatever system the entry says it comes from: readers differ in which
 * they believe.
 * @returns whether the file is executable.
 */
export function checkAttributes(external: number, path: string, isFolder: boolean): boolean {
  const mode = external >>> 16;
  const dos = external & 0xffff;
  const type = mode & typeMask;
  const isSpecial =
    (type !== 0 && type !== regular && type !== folder) ||
    (dos & (dosVolume | dosDevice | dosReparsePoint)) !== 0;
  if (isSpecial)
    throw zipError("ZIP_UNSAFE", "attributes", `${path} is a link or a special file.`, {
      path,
      mode: mode.toString(8),
    });
  if (isFolder ? type === regular : type === folder || (dos & dosFolder) !== 0)
    throw zipError(
      "ZIP_UNSAFE",
      "attributes",
      `${path} is a file by its name or its attributes, and a folder by the other.`,
      { path },
    );
  // A shared folder often passes its group on; it is made anew with plain rights.
  if (!isFolder && (mode & specialBits) !== 0)
    throw zipError("ZIP_UNSAFE", "attributes", `${path} would run with another's rights.`, {
      path,
      mode: mode.toString(8),
    });
  return !isFolder && (mode & anyExecute) !== 0;
}
