import * as z from "zod";
import { CLOCK_TOLERANCE_MS } from "../clock.ts";
import { RollcallError } from "../error.ts";
import { parseJson } from "../http/json.ts";
import { tenantName } from "../settings/names.ts";

const SCHEMA = "rollcall.tenant/1";

/** Which tenant a snapshot is wanted of, and for which night. */
export interface TenantMessage {
  /** Directory id, or a domain where that could not be looked up. */
  readonly tenant: string;
  /** When the timer was due: a snapshot that began then or later will do. */
  readonly slot: Date;
}

const EXAMPLE = `{"schema":"${SCHEMA}","tenant":"contoso.onmicrosoft.com","slot":"2026-11-24T02:00:00Z"}`;

const Document = z.object(
  {
    // Whoever writes one by hand need not know it.
    schema: z.literal(SCHEMA, `its schema is not ${SCHEMA}`).optional(),
    tenant: tenantName,
    slot: z.iso.datetime("its slot is no time in UTC"),
  },
  "it is no JSON object",
);

export function formatMessage({ tenant, slot }: TenantMessage): string {
  return JSON.stringify({ schema: SCHEMA, tenant, slot: slot.toISOString() });
}

/**
 * Reads a message as the Functions host hands it over: parsed if it was JSON. One in Base64, as portals write them, will do.
 *
 * @throws {RollcallError} `tenant-message-invalid`; none of the message is quoted, as anything may be in it
 */
export function readMessage(entry: unknown, nowMs: number): TenantMessage {
  const { data, error } = Document.safeParse(typeof entry === "string" ? textIn(entry) : entry);
  if (!data)
    throw invalid(error.issues.map(({ path: [field], message }) => inWords(field, message)).join(", "));
  const slot = new Date(data.slot);
  // Nobody's night lies ahead, and no snapshot could be as late as that.
  if (slot.getTime() > nowMs + CLOCK_TOLERANCE_MS) throw invalid("its slot is in the future");
  return { tenant: data.tenant, slot };
}

function textIn(text: string): unknown {
  return parseJson(Buffer.from(text)) ?? parseJson(Buffer.from(text, "base64"));
}

function inWords(field: PropertyKey | undefined, message: string): string {
  return field === "tenant" ? `its tenant ${message}` : message;
}

function invalid(problem: string): RollcallError {
  return new RollcallError("tenant-message-invalid", {
    doing: "reading a message of the tenants' queue",
    problem,
    remedy: `It was taken out of the queue. If you wrote it by hand, write one like ${EXAMPLE}.`,
  });
}
