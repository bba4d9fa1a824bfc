/** The GUID of an index in words as `readGuid` makes them, in lower case. */
export function guidOf(words: Uint32Array, index: number): string {
  const hex = [...words.subarray(index * 4, index * 4 + 4)]
    .map((word) => word.toString(16).padStart(8, "0"))
    .join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
