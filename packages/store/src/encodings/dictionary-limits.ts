// Numbers of the format; docs/format/compaction.md states them for other readers.

/** A line beyond this length, in bytes without its line feed, is carried as it is. */
export const lineBytesMax: number = 1024 * 1024;
/** Length of a value, as JSON text in bytes, that can stand in a dictionary. */
export const valueBytesMax: number = 4096;
/** A shorter value is not worth a number. */
export const valueBytesMin: number = 8;
/** Length of a field's name in bytes. */
export const nameBytesMax: number = 128;
/** Length of the header line in bytes. */
export const headerBytesMax: number = 8 * 1024 * 1024;
/** The version of the format that is written, and the only one that is read. */
export const dictionaryVersion = 1;

/** How a dictionary file begins, byte for byte. */
export const headerStart: string = `{"_type":"dictionary_header","_version":`;
/** A line that contains this text can be taken for a header, and is never left bare. */
export const headerMark = `"dictionary_header"`;
/** The line before a line that is carried as it is. */
export const verbatimLine = `{"_type":"verbatim_line"}`;
/** What ends the name of a field whose value is a number of the dictionary, with the quote. */
export const markerEnd = `_dict"`;
