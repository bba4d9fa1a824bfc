import { resolve } from "node:path";

/** Directory id of the tenant that `npm run sandbox` serves, as in `local.settings.sample.json`. */
export const FIXED_TENANT_ID = "0a0b0c0d-1111-4222-8333-444455556666";

/** Directory id of the nth tenant beside it, from 2. */
export function fixedNeighbourId(nth: number): string {
  return `0a0b0c0d-1111-4222-8333-${String(nth).padStart(12, "0")}`;
}

/** Client id of its app registration. */
export const FIXED_CLIENT_ID = "c11e0717-5eed-4a11-9b0c-5a4db0c0ffee";

/** Value of `IDENTITY_HEADER`. It protects only the sandbox, so it is not a secret. */
export const FIXED_IDENTITY_HEADER = "sandbox-identity-header";

/** Client id of its user-assigned managed identity. */
export const FIXED_IDENTITY_CLIENT_ID = "1de27171-5eed-4a11-9b0c-5a4db0c0ffee";

/** Ports of its services. */
export const FIXED_PORTS = { entra: 7443, graph: 7444, vault: 7445, identity: 7446, storage: 7447 } as const;

/** Port of its queues, which it has where there are several tenants. */
export const FIXED_QUEUE_PORT = 7448;

/** Folder for what must outlive it: certificates and blobs. */
export const FIXED_FOLDER = resolve(import.meta.dirname, "../../.sandbox");
