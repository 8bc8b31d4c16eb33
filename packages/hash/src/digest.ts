/** The address of bytes: the algorithm, a colon, 64 lower-case hexadecimal digits. */
export type Digest = `sha256:${string}`;
