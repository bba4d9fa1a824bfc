import { MINUTE, SECOND } from "../clock.ts";
import { RollcallError } from "../error.ts";
import { HttpClient, type HttpContext } from "../http/http-client.ts";
import { describeExhausted, retry } from "../http/retry.ts";
import type { Settings } from "../settings/settings.ts";
import type { Passed } from "./check.ts";

const WARN_FROM_MS = MINUTE;
/** Entra refuses assertions whose time is further off (AADSTS700024 and similar). */
const FAIL_FROM_MS = 5 * MINUTE;

/** Whether this machine's clock agrees with Entra's. */
export async function checkClock({ tenant, cloud }: Settings, context: HttpContext): Promise<Passed> {
  const doing = `comparing this machine's clock with ${cloud.authorityHost}`;
  const url = `${cloud.authorityHost}/${tenant}/v2.0/.well-known/openid-configuration`;
  await using client = new HttpClient(undefined, context.proxy);
  const aheadMs = await retry<number>(context, {
    attempt: async () => {
      const { headers } = await client.send({ method: "GET", url, headers: {} }, context.signal);
      const theirsMs = Date.parse(headers.date ?? "");
      return Number.isNaN(theirsMs)
        ? { failed: { kind: "damaged", reason: "no date in the answer" } }
        : { done: context.clock.now() - theirsMs };
    },
    giveUp: (exhausted) =>
      new RollcallError("token-unavailable", {
        doing,
        problem: describeExhausted(exhausted),
        remedy: "Check outbound access to the authority host.",
      }),
  });
  // The header has whole seconds.
  const detail = `${Math.floor(Math.abs(aheadMs) / SECOND)} s ${aheadMs < 0 ? "behind" : "ahead of"} Entra's`;
  const advice = "Synchronise this machine's clock by NTP: Entra refuses assertions with a wrong time.";
  if (Math.abs(aheadMs) > FAIL_FROM_MS) {
    throw new RollcallError("token-refused", { doing, problem: `it is ${detail}`, remedy: advice });
  }
  return { detail, ...(Math.abs(aheadMs) > WARN_FROM_MS && { advice }) };
}
