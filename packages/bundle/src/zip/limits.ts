const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;

/** What an archive may ask of its reader. */
export interface ZipLimits {
  /** Files and folders together; a million unless given, which is what a manifest has room for. */
  readonly entriesMax?: number | undefined;
  /** Bytes of the central directory, that is names and headers; 512 MiB unless given. */
  readonly directoryBytesMax?: number | undefined;
  /** Folders above a file, itself counted; 128 unless given. */
  readonly depthMax?: number | undefined;
  /** Bytes of all files after inflating; 4 TiB unless given. */
  readonly bytesMax?: number | undefined;
  /**
   * How many times their compressed size files may have, each and together; 200 unless given.
   * Only what is larger than 16 MiB is measured.
   */
  readonly ratioMax?: number | undefined;
}

/** Limits with all values. */
export type AllZipLimits = { readonly [Key in keyof ZipLimits]-?: number };

/** What holds when nothing else is said. The writer keeps to it as well. */
export const defaultLimits: AllZipLimits = {
  entriesMax: 1_000_000,
  directoryBytesMax: 512 * MiB,
  depthMax: 128,
  bytesMax: 4096 * GiB,
  ratioMax: 200,
};

/** Whoever expands to less than this is not a bomb, whatever the ratio. */
export const ratioFreeBytes: number = 16 * MiB;

/** Deflate cannot make more of one byte; a larger claim is a lie. @see zlib's technical notes */
export const deflateRatioMax = 1032;

/**
 * Up to this size an entry is one buffer and one call, on a path of our own; beyond it, entries are
 * streamed through archiver and unzipper. Measured: see docs/adr/0012.
 */
export const smallBytesMax: number = 8 * MiB;
