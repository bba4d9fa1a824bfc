import { latestPath, runIdOfManifest } from "../snapshot/layout.ts";
import type { Container } from "../storage/container.ts";

const TENANT = /^tenant=([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\//;

/**
 * Directory ids of the tenants that have snapshots in the container, ascending. Lists all of its blobs, 5,000 a request.
 *
 * A folder with nothing but a lock or parts does not count: there is nothing in it to read.
 *
 * @throws {RollcallError} the storage's errors
 */
export async function storedTenants(container: Container): Promise<readonly string[]> {
  const tenants = new Set<string>();
  for await (const { path } of container.list("tenant=")) {
    const tenantId = TENANT.exec(path)?.[1];
    if (tenantId === undefined) continue;
    if (path === latestPath(tenantId) || runIdOfManifest(path) !== undefined) tenants.add(tenantId);
  }
  return [...tenants];
}
