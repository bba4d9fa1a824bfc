/** The hosts of one Microsoft cloud. Tokens do not cross clouds. */
export interface Cloud {
  /** Origin that issues tokens. */
  readonly authorityHost: string;
  /** Origin of Microsoft Graph; `/.default` behind it is the scope. */
  readonly graphUrl: string;
  /** Audience of an assertion with which a managed identity signs in as an app. */
  readonly exchangeAudience: string;
  /** What a Key Vault's host ends with. */
  readonly vaultSuffix: string;
  /** What a blob service's host ends with; the second form has a DNS zone of its own for each account. */
  readonly blobSuffixes: readonly string[];
}

/**
 * By the name that `ROLLCALL_CLOUD` takes.
 *
 * @see https://learn.microsoft.com/graph/deployments
 * @see https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud
 * @see https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity
 */
export const CLOUDS = {
  global: {
    authorityHost: "https://login.microsoftonline.com",
    graphUrl: "https://graph.microsoft.com",
    exchangeAudience: "api://AzureADTokenExchange",
    vaultSuffix: ".vault.azure.net",
    blobSuffixes: [".blob.core.windows.net", ".blob.storage.azure.net"],
  },
  usgov: {
    authorityHost: "https://login.microsoftonline.us",
    graphUrl: "https://graph.microsoft.us",
    exchangeAudience: "api://AzureADTokenExchangeUSGov",
    vaultSuffix: ".vault.usgovcloudapi.net",
    blobSuffixes: [".blob.core.usgovcloudapi.net"],
  },
  "usgov-dod": {
    authorityHost: "https://login.microsoftonline.us",
    graphUrl: "https://dod-graph.microsoft.us",
    exchangeAudience: "api://AzureADTokenExchangeUSGov",
    vaultSuffix: ".vault.usgovcloudapi.net",
    blobSuffixes: [".blob.core.usgovcloudapi.net"],
  },
  china: {
    authorityHost: "https://login.partner.microsoftonline.cn",
    graphUrl: "https://microsoftgraph.chinacloudapi.cn",
    exchangeAudience: "api://AzureADTokenExchangeChina",
    vaultSuffix: ".vault.azure.cn",
    blobSuffixes: [".blob.core.chinacloudapi.cn"],
  },
} as const satisfies Record<string, Cloud>;

/** The global cloud for a name that is none of {@link CLOUDS}, and for an absent one. */
export function cloudNamed(name: string | undefined): Cloud {
  return Object.entries(CLOUDS).find(([known]) => known === name)?.[1] ?? CLOUDS.global;
}
