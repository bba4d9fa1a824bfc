import { z } from "zod";
import { safeCode } from "../answer.ts";
import { parseJson } from "../http/json.ts";

const ErrorDocument = z.object({
  error: z.object({ code: z.string() }),
});

/** Graph's error code, where the body is its error document; gateways answer HTML or nothing. */
export function readGraphErrorCode(body: Buffer): string | undefined {
  return safeCode(ErrorDocument.safeParse(parseJson(body)).data?.error.code);
}

/** A page token that Graph no longer knows: the listing can only be begun again. */
export function isExpiredPageToken(code: string | undefined): boolean {
  return code === "Directory_ExpiredPageToken" || code === "DirectoryPageTokenNotFoundException";
}
