/**
 * The longest line of a part, in bytes of UTF-8 without its line feed. A user with everything selected takes some
 * kilobytes; a line beyond this is no user, and reading on for its end could fill the memory.
 */
export const MAX_LINE_BYTES = 4 * 2 ** 20;

/**
 * The most that a part may hold once it is unpacked, in bytes. A writer closes a part far below; a reader stops here,
 * because a megabyte of gzip can hold a gigabyte of nothing.
 */
export const MAX_PART_CONTENT_BYTES = 256 * 2 ** 20;
