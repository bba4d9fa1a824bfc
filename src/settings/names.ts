import * as z from "zod";
import { isTenantName } from "./tenant-name.ts";

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A tenant, by its id or a domain; in lower case. */
export const tenantName = z
  .string("is missing")
  .refine(isTenantName, "must be a directory id or a verified domain")
  .transform((text) => text.toLowerCase());

/** An app registration; in lower case. */
export const applicationId = z
  .string()
  .regex(GUID, "must be an application (client) id")
  .transform((text) => text.toLowerCase());

/** A secret or certificate in Key Vault. */
export const vaultObjectName = z
  .string()
  .regex(/^[0-9a-z-]{1,127}$/i, "must be 1 to 127 letters, digits and hyphens");

/** A container of blobs. */
export const containerName = z
  .string()
  .regex(
    /^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/,
    "must be 3 to 63 lower-case letters, digits and single hyphens",
  );
