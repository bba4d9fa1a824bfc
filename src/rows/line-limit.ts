/**
 * The longest line of a part, in bytes of UTF-8 without its line feed. A user with everything selected takes a few
 * kilobytes. A longer line is not a user, and reading on to its end could fill the memory.
 */
export const MAX_LINE_BYTES = 4 * 2 ** 20;

/**
 * Most bytes in a part, decompressed. Writers close a part far below this. Readers stop here, because a megabyte of gzip
 * can hold a gigabyte of nothing.
 */
export const MAX_PART_CONTENT_BYTES = 256 * 2 ** 20;
