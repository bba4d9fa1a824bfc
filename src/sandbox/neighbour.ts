import { randomUUID } from "node:crypto";
import type { AppRegistration } from "./entra/app-registration.ts";
import { Directory } from "./people/directory.ts";

/** Another tenant in which the same app may be consented. */
export interface NeighbourOptions {
  /** Directory id; random by default. */
  readonly tenantId?: string;
  /** Initial domain; made of the directory id by default. */
  readonly domain?: string;
  /** People in the directory; 20 by default. */
  readonly users?: number;
  /** The same seed gives the same people; by default another one for each neighbour. */
  readonly seed?: number;
}

/** A tenant beside the app's own: its people, and its own consent. It has the same services. */
export interface Neighbour {
  /** Directory id. */
  readonly tenantId: string;
  /** Initial domain, which Entra's URLs accept instead of the id. */
  readonly domain: string;
  /** The app as it is here: the credentials of its registration, but roles and an installation of its own. */
  readonly app: AppRegistration;
  /** The people. */
  readonly directory: Directory;
}

/** Settles a tenant beside the one where the app is registered, which has consented to it. */
export function settleNeighbour(
  options: NeighbourOptions,
  app: AppRegistration,
  nth: number,
  nullCreatedShare: number,
): Neighbour {
  const tenantId = (options.tenantId ?? randomUUID()).toLowerCase();
  const domain = (options.domain ?? `t${tenantId.slice(0, 8)}.onmicrosoft.com`).toLowerCase();
  const { users = 20, seed = 1000 + nth } = options;
  const directory = new Directory({ users, seed, domain, nullCreatedShare });
  return { tenantId, domain, app: app.elsewhere(), directory };
}
