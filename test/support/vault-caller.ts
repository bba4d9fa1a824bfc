import type { TokenCredential } from "@azure/identity";
import type { RunContext } from "../../src/deadline.ts";
import { openAzureIdentity } from "../../src/identity/azure-identity.ts";
import type { Tenant } from "../../src/sandbox/tenant.ts";
import { TestClock } from "./test-clock.ts";

const MINUTES_LEFT = 20;

/** The function app's identity, as the code under test opens it. */
export function identityOf({ identity }: Tenant): TokenCredential {
  process.env.IDENTITY_ENDPOINT = identity.endpoint;
  process.env.IDENTITY_HEADER = identity.header;
  return openAzureIdentity(identity.clientId);
}

/** A run with time left, whose waits take none. */
export function runContext(signal: AbortSignal = new AbortController().signal): RunContext & {
  readonly clock: TestClock;
} {
  return { clock: new TestClock(Date.now()), signal, deadlineMs: MINUTES_LEFT * 60_000 };
}
