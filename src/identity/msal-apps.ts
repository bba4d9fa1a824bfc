import { AsyncLocalStorage } from "node:async_hooks";
import { isDeepStrictEqual } from "node:util";
import {
  type AuthenticationResult,
  ConfidentialClientApplication,
  type INetworkModule,
} from "@azure/msal-node";
import { type Clock, MINUTE, systemClock } from "../clock.ts";
import type { ClientProof } from "./credential.ts";

/** The host brings a message back ten minutes after a run has failed; Entra's tokens are good for an hour or more. */
const MAX_AGE_MS = 30 * MINUTE;
/** A night of a thousand tenants passes through, and fewer fail. */
const MAX_APPS = 100;

/** Which app signs in, and where: tokens of one are never another's. */
export interface AppKey {
  readonly clientId: string;
  /** The directory's id. */
  readonly tenantId: string;
  readonly authorityHost: string;
}

/** What a call of MSAL works with. It belongs to the run that calls, and is not kept. */
export interface MsalCaller {
  readonly network: INetworkModule;
  readonly proof: ClientProof;
}

/** One for all apps: Node keeps an entry for each that was ever entered, for as long as the work around it goes on. */
const callers = new AsyncLocalStorage<MsalCaller>();

/**
 * An app of MSAL with its caches, which hold the tokens of one tenant and the metadata of its authority. Each call goes
 * through the network of the run that makes it, so that nothing of a run that has ended is used again.
 */
export class MsalApp {
  readonly #app: ConfidentialClientApplication;

  constructor({ clientId, tenantId, authorityHost }: AppKey, proof: ClientProof) {
    const network = () => caller().network;
    this.#app = new ConfidentialClientApplication({
      auth: {
        clientId,
        authority: `${authorityHost}/${tenantId}`,
        // Without it MSAL asks the public cloud whether it knows the host before it sends anything there.
        knownAuthorities: [new URL(authorityHost).host],
        ...("clientAssertion" in proof ? { clientAssertion: assertion } : proof),
      },
      system: {
        networkClient: {
          sendGetRequestAsync: (...request) => network().sendGetRequestAsync(...request),
          sendPostRequestAsync: (...request) => network().sendPostRequestAsync(...request),
        },
      },
    });
  }

  /** A token from the cache, unless it is to be a new one, or from Entra; throws what MSAL does. */
  token(from: MsalCaller, scope: string, skipCache: boolean): Promise<AuthenticationResult | null> {
    return callers.run(from, () => this.#app.acquireTokenByClientCredential({ scopes: [scope], skipCache }));
  }
}

function caller(): MsalCaller {
  const current = callers.getStore();
  if (!current) throw new Error("MSAL works although nobody called it");
  return current;
}

async function assertion(): Promise<string> {
  const { proof } = caller();
  if ("clientAssertion" in proof) return await proof.clientAssertion();
  throw new Error("the caller has another kind of proof");
}

interface Kept {
  readonly app: MsalApp;
  readonly proof: ClientProof;
  /** When it was made, by the clock's `elapsed`. */
  readonly sinceMs: number;
  readonly timer: NodeJS.Timeout;
}

/**
 * The apps of MSAL that the runs of a process share: one for each tenant and credential, so that a run need not sign in again
 * where one on the same tenant has failed and its message was delivered again. A hundred at the most, those used last, each
 * for half an hour at the most. None after Entra or Graph has refused it something, and none of a run that has committed: the
 * next night is to notice what was taken away meanwhile.
 */
export class MsalApps {
  readonly #clock: Clock;
  /** The one used last comes last. */
  readonly #kept = new Map<string, Kept>();

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** How many are kept. */
  get size(): number {
    return this.#kept.size;
  }

  /** The app of a tenant, with whatever it has in its caches; a new one where none with this credential is kept. */
  open(app: AppKey, proof: ClientProof): MsalApp {
    const key = keyOf(app);
    const found = this.#kept.get(key);
    if (found && this.#isGood(found, proof)) {
      this.#kept.delete(key);
      this.#kept.set(key, found);
      return found.app;
    }
    this.#remove(key);
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size >= MAX_APPS) this.#remove(oldest);
    const made = new MsalApp(app, proof);
    // Not kept longer than it may serve, also if nobody asks again: it holds the credential.
    const timer = setTimeout(() => this.drop(app, made), MAX_AGE_MS).unref();
    this.#kept.set(key, { app: made, proof, sinceMs: this.#clock.elapsed(), timer });
    return made;
  }

  /** Gives an app to nobody any more. Whoever has it may go on with it. */
  drop(app: AppKey, dropped: MsalApp): void {
    const key = keyOf(app);
    if (this.#kept.get(key)?.app === dropped) this.#remove(key);
  }

  #isGood({ proof: kept, sinceMs }: Kept, proof: ClientProof): boolean {
    if (this.#clock.elapsed() - sinceMs > MAX_AGE_MS) return false;
    // An assertion comes from the caller each time.
    return ("clientAssertion" in kept && "clientAssertion" in proof) || isDeepStrictEqual(kept, proof);
  }

  #remove(key: string): void {
    clearTimeout(this.#kept.get(key)?.timer);
    this.#kept.delete(key);
  }
}

function keyOf({ clientId, tenantId, authorityHost }: AppKey): string {
  return `${authorityHost}/${tenantId}/${clientId}`;
}
