import { readdir } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { ContainerClient } from "@azure/storage-blob";

/** Real snapshots of schema `rollcall.snapshot/1`, laid out as in a container; its README tells what they are. */
export const VERSION_1_SNAPSHOTS: string = fileURLToPath(new URL("../fixtures/snapshots-1", import.meta.url));

/**
 * Uploads the blobs of a folder that is laid out as a container is: everything below its `tenant=` folders. Makes the
 * container where there is none.
 *
 * @returns the paths from the container
 */
export async function uploadFolder(container: ContainerClient, folder: string): Promise<readonly string[]> {
  await container.createIfNotExists();
  const files = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((file) => relative(folder, file).startsWith("tenant="));
  const paths = files.map((file) => relative(folder, file).replaceAll(sep, "/"));
  for (const [nth, file] of files.entries()) {
    await container.getBlockBlobClient(paths[nth] ?? "").uploadFile(file);
  }
  return paths;
}
