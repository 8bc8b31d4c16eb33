import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { isResealError } from "@reseal/errors";
import type { OperationOptions } from "@reseal/store";
import { openBundleZip } from "./bundle-zip.ts";
import type { ExportFormat, ExportReport } from "./export.ts";
import { exportOnlyFiles } from "./export-only.ts";
import { type BundleReader, openBundleFolder } from "./reader.ts";
import { syncFolder } from "./sync-folder.ts";
import { verifyBundle } from "./verify.ts";

/**
 * The report of an export that is there already, whole and of this very seal: somebody asks again,
 * perhaps because the first time was interrupted when all was written. Every byte is checked.
 * @returns `undefined` when something else, or nothing, is there.
 */
export async function findSameExport(
  reader: BundleReader,
  path: string,
  format: ExportFormat,
  options: OperationOptions,
): Promise<ExportReport | undefined> {
  if (!isCandidate(path, format)) return undefined;
  if (!(await isWhole(reader, path, format, options))) return undefined;
  syncFolder(dirname(path)); // The first time may have ended before it came to this.
  const sizes = [
    ...reader.manifest.context.files.map(({ size }) => size),
    ...exportOnlyFiles(reader).map(({ bytes }) => bytes.byteLength),
  ];
  return {
    path,
    format,
    seal: reader.seal,
    files: sizes.length,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    ...(format === "zip" && { archiveBytes: statSync(path).size }),
  };
}

function isCandidate(path: string, format: ExportFormat): boolean {
  if (!existsSync(path)) return false;
  const isFolder = statSync(path).isDirectory();
  return format === "zip" ? !isFolder : isFolder && readdirSync(path).length > 0;
}

async function isWhole(
  reader: BundleReader,
  path: string,
  format: ExportFormat,
  options: OperationOptions,
): Promise<boolean> {
  try {
    if (format === "folder") return await isSame(reader, await openBundleFolder(path), options);
    await using zip = await openBundleZip(path);
    return await isSame(reader, zip, options);
  } catch (error) {
    if (isResealError(error)) return false; // Something else.
    throw error;
  }
}

async function isSame(
  reader: BundleReader,
  there: BundleReader,
  options: OperationOptions,
): Promise<boolean> {
  if (there.seal !== reader.seal) return false;
  return (await verifyBundle(there, options)).findings.length === 0;
}
