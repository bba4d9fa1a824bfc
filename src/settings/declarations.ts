import * as z from "zod";
import { MINUTE } from "../clock.ts";
import { DEFAULT_PROPERTIES } from "../rows/properties.ts";
import { minutes, percent, wholeNumber } from "./amounts.ts";
import { cloudName, formatNames, listingMode, onOrOff } from "./choices.ts";
import { CLOUDS, type Cloud } from "./clouds.ts";
import { CREDENTIAL_DECLARATIONS } from "./credential-setting.ts";
import { httpsOrigin, vaultUrl } from "./hosts.ts";
import { keepRules } from "./keep-setting.ts";
import { containerName, tenantName } from "./names.ts";
import { isNcrontab } from "./ncrontab.ts";
import { userProperties } from "./properties-setting.ts";
import { setting } from "./setting.ts";
import { SIGNATURE_DECLARATIONS } from "./signature-setting.ts";
import { storageIn } from "./storage-setting.ts";
import { TENANTS_DECLARATIONS } from "./tenants-setting.ts";

/**
 * The settings of the reading commands: no vault, no app registration.
 *
 * @param cloud decides which hosts are right
 */
export function readerDeclarations(cloud: Cloud) {
  return {
    /** Directory id or a verified domain, as configured. */
    tenant: setting(
      "ROLLCALL_TENANT_ID",
      tenantName,
      "87d349ed-44d7-43e1-9a83-5f2406dee5bd or contoso.onmicrosoft.com",
    ),
    ...TENANTS_DECLARATIONS,
    /** Where the blobs are. */
    storage: setting(
      "ROLLCALL_STORAGE",
      storageIn(cloud.blobSuffixes),
      "https://contosodata.blob.core.windows.net",
    ),
    /** Name of the container of the snapshots. */
    container: setting("ROLLCALL_CONTAINER", containerName.default("user-snapshots"), "user-snapshots"),
    /** The Microsoft cloud of the tenant. */
    cloud: setting("ROLLCALL_CLOUD", cloudName.default(CLOUDS.global), "global, usgov, usgov-dod or china"),
    /** Origin that issues tokens. */
    authorityHost: setting(
      "ROLLCALL_AUTHORITY_HOST",
      httpsOrigin.default(cloud.authorityHost),
      "https://login.microsoftonline.com",
    ),
    /** Origin of Microsoft Graph. */
    graphUrl: setting(
      "ROLLCALL_GRAPH_URL",
      httpsOrigin.default(cloud.graphUrl),
      "https://graph.microsoft.com",
    ),
  };
}

/**
 * The settings of a run; docs/settings.md and local.settings.sample.json name the same (tests hold them equal).
 *
 * @param cloud decides which hosts are right
 */
export function runDeclarations(cloud: Cloud) {
  return {
    ...readerDeclarations(cloud),
    /** Key Vault URL without a trailing slash; `undefined` where nothing is kept in one. */
    vaultUrl: setting(
      "ROLLCALL_KEY_VAULT_URL",
      vaultUrl(cloud.vaultSuffix).optional(),
      "https://contoso-vault.vault.azure.net",
    ),
    ...CREDENTIAL_DECLARATIONS,
    ...SIGNATURE_DECLARATIONS,
    /** The timer's NCRONTAB expression; `undefined` when not set, as for a run from the command line. */
    schedule: setting(
      "ROLLCALL_SCHEDULE",
      z.string().refine(isNcrontab, "must be an NCRONTAB expression of six fields").optional(),
      '"0 0 2 * * *" (02:00 UTC each day)',
    ),
    /** User properties in the order of the rows; `id` is always among them. */
    properties: setting(
      "ROLLCALL_PROPERTIES",
      userProperties.default(DEFAULT_PROPERTIES),
      "id,userPrincipalName,displayName,accountEnabled",
    ),
    /** How the users are listed. */
    listing: setting("ROLLCALL_LISTING", listingMode.default("auto"), "auto, sequential or sliced"),
    /** Whether the directory is asked for its count. */
    count: setting("ROLLCALL_COUNT", onOrOff.default(true), "on or off"),
    /** Requests to Graph at the same time at the most, where they are listed in slices. */
    concurrency: setting("ROLLCALL_CONCURRENCY", wholeNumber(1, 64, "requests at a time").default(16), "16"),
    /** What a snapshot is written as; JSON lines always. */
    formats: setting("ROLLCALL_FORMATS", formatNames.default(["ndjson"]), "ndjson,csv,parquet"),
    /** Whether a run writes what changed since the last snapshot. */
    changes: setting("ROLLCALL_CHANGES", onOrOff.default(true), "on or off"),
    /** Whether a run leaves its report beside its manifest. */
    report: setting("ROLLCALL_REPORT", onOrOff.default(false), "on or off"),
    /** The most that the list may shrink from one snapshot to the next, in percent. */
    maxShrinkPercent: setting("ROLLCALL_MAX_SHRINK_PERCENT", percent.default(20), "20"),
    /** What is kept when a run has committed; `undefined` keeps all. */
    keep: setting("ROLLCALL_KEEP", keepRules.optional(), "daily=30,monthly=12"),
    /** How long a run may take before it stops itself, in milliseconds. */
    timeBudgetMs: setting("ROLLCALL_TIME_BUDGET_MINUTES", minutes.default(25 * MINUTE), "25"),
  };
}
