/** Signatures of the records of a ZIP file. @see APPNOTE.TXT 6.3.10, section 4.3 */
export const signatures = {
  local: 0x04034b50,
  descriptor: 0x08074b50,
  central: 0x02014b50,
  end64: 0x06064b50,
  locator64: 0x07064b50,
  end: 0x06054b50,
} as const;

/** Lengths of the fixed parts of the records, in bytes. */
export const lengths = {
  local: 30,
  central: 46,
  end64: 56,
  locator64: 20,
  end: 22,
} as const;

/** Methods that are read and written; section 4.4.5. */
export const methods = { stored: 0, deflated: 8 } as const;

/** Bits of the general purpose flag; section 4.4.4. */
export const flags = {
  /** The sizes and the checksum follow the data. */
  descriptor: 0x0008,
  /** The name is UTF-8. */
  utf8: 0x0800,
  /** Two bits in which a writer notes how hard it tried. */
  deflateLevel: 0x0006,
} as const;

/** Systems whose names are bytes, which everybody takes for UTF-8: Unix and macOS; section 4.4.2. */
export const unixHosts: ReadonlySet<number> = new Set([3, 19]);

/** A field with this value has its true one in the ZIP64 extra field. */
export const max16: number = 0xffff;
/** The same for fields of 32 bits. */
export const max32: number = 0xffffffff;
