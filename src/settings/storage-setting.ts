import * as z from "zod";
import { isHostUnder, isLoopback, parseHttpsUrl } from "./hosts.ts";
import { refuse } from "./setting.ts";

/** Where the blobs are. */
export type StorageSettings =
  /** A blob service URL, opened with the managed identity. */
  | { readonly kind: "identity"; readonly url: string }
  /** A connection string for storage on this machine, such as Azurite's; never an account in Azure. */
  | { readonly kind: "local"; readonly connectionString: string };

/** Storage of a cloud, by what its blob services' hosts end with. */
export function storageIn(suffixes: readonly string[]): z.ZodType<StorageSettings> {
  return z
    .string("is missing")
    .transform((text, context) =>
      text.includes("=") && !/^https?:/i.test(text)
        ? localStorage(text, context)
        : blobService(text, suffixes, context),
    );
}

function localStorage(text: string, context: z.RefinementCtx): StorageSettings {
  if (isLocalConnectionString(text)) return { kind: "local", connectionString: text };
  return refuse(
    context,
    "is a connection string for an account in Azure, which would keep its key in a setting; use the blob service URL",
  );
}

/** Reads it as the storage SDK will: names in their exact case, the first of a name, spaces around an element ignored. */
function isLocalConnectionString(text: string): boolean {
  const elements = text.split(";").map((element) => element.trim());
  if (elements.filter(Boolean).join() === "UseDevelopmentStorage=true") return true;
  const endpoint = elements
    .find((element) => element.startsWith("BlobEndpoint="))
    ?.slice("BlobEndpoint=".length);
  return endpoint !== undefined && URL.canParse(endpoint) && isLoopback(endpoint);
}

function blobService(text: string, suffixes: readonly string[], context: z.RefinementCtx): StorageSettings {
  const url = parseHttpsUrl(text);
  // A path is the account's name, as Azurite has it, and makes sense on this machine only.
  if (!url || (url.pathname !== "/" && !isLoopback(url.href))) {
    return refuse(context, "must be an https blob service URL without path, query or SAS");
  }
  if (isHostUnder(url, suffixes)) return { kind: "identity", url: url.href.replace(/\/$/, "") };
  return refuse(context, `must be a host under ${suffixes.join(" or ")}, as the cloud's blob services are`);
}
