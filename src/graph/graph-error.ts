import { z } from "zod";
import { parseJson } from "../http/json.ts";

const ErrorDocument = z.object({
  error: z.object({ code: z.string().catch(""), message: z.string().catch("") }),
});

/** Graph's error code and message, where the body is its error document; gateways answer HTML or nothing. */
export function readGraphError(body: Buffer): { code?: string; message?: string } {
  const document = ErrorDocument.safeParse(parseJson(body));
  return document.success ? document.data.error : {};
}

/** A page token that Graph no longer knows: the listing can only be begun again. */
export function isExpiredPageToken(code: string | undefined): boolean {
  return code === "Directory_ExpiredPageToken" || code === "DirectoryPageTokenNotFoundException";
}
