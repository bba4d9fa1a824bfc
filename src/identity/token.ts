import {
  AuthError,
  ConfidentialClientApplication,
  type INetworkModule,
  InteractionRequiredAuthError,
  ServerError,
} from "@azure/msal-node";
import { answer, safeCode, safeOrigin, safeRequestId } from "../answer.ts";
import { DAY } from "../clock.ts";
import { RollcallError } from "../error.ts";
import { HttpClient, type HttpContext, type HttpResponse, type Timeouts } from "../http/http-client.ts";
import { parseJson } from "../http/json.ts";
import { redirectError } from "../http/refused-way.ts";
import { describeExhausted, retry } from "../http/retry.ts";
import type { Settings } from "../settings/settings.ts";
import { warning } from "../warning.ts";
import {
  Credential,
  type CredentialIdentity,
  credentialVersions,
  type SkippedVersion,
} from "./credential.ts";
import { answerOfRefusal, type Refusal, refusalInWords, signInError } from "./sign-in-error.ts";
import { tenantNotFound } from "./tenant-id.ts";
import type { Vault } from "./vault.ts";

/** From this many days before its end an expiring credential is warned about. */
export const EXPIRY_WARNING_DAYS = 30;

/** App-only tokens for Microsoft Graph. */
export interface TokenSource extends AsyncDisposable {
  /** A token with at least five minutes left, from MSAL's cache or from Entra. */
  get(): Promise<string>;
  /**
   * A new token after `refused` was answered with 401. When another caller has renewed it meanwhile, that one.
   */
  renew(refused: string): Promise<string>;
  /**
   * The credential that Entra accepted last.
   *
   * @throws {Error} before the first token
   */
  credential(): CredentialIdentity;
  /** What the person on call should know although the run went well: versions passed over, an end that is near. */
  warnings(): readonly string[];
}

/** What a token source needs besides the settings. */
export interface TokenOptions extends HttpContext {
  /** The directory's id. */
  readonly tenantId: string;
  readonly vault: Vault;
  readonly timeouts?: Timeouts;
}

/**
 * Gets tokens by OAuth 2.0 client credentials through MSAL.
 *
 * The newest version of the credential is tried first; on `invalid_client` the next enabled, unexpired one. The same
 * happens again when Entra stops taking a credential in the middle of a long run.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 */
export function openTokenSource(settings: Settings, options: TokenOptions): TokenSource {
  const { tenantId, vault, clock } = options;
  const { authorityHost, graphUrl } = settings.cloud;
  const scopes = [`${graphUrl}/.default`];
  const doing = `getting a token for ${graphUrl} from ${authorityHost}`;
  const network = new EntraNetwork(settings, doing, options);
  let accepted: { readonly credential: Credential; readonly app: ConfidentialClientApplication } | undefined;
  let latest: string | undefined;
  let passedOver: readonly string[] = [];
  let underway: Promise<string> | undefined;

  /** @returns a token, or why Entra takes no such credential */
  async function acquire(app: ConfidentialClientApplication, skipCache: boolean): Promise<string | Refusal> {
    try {
      const result = await app.acquireTokenByClientCredential({ scopes, skipCache });
      if (!result?.accessToken) throw emptyToken(doing);
      return result.accessToken;
    } catch (error) {
      const failure = network.takeFailure();
      if (failure !== undefined) throw failure;
      if (!(error instanceof ServerError || error instanceof InteractionRequiredAuthError))
        throw asTokenError(error, doing);
      const refusal = asRefusal(error);
      if (refusal.error === "invalid_client") return refusal;
      throw signInError(refusal, settings.tenant, settings.clientId, doing);
    }
  }

  async function firstAccepted(): Promise<string> {
    const failed: string[] = [];
    let rejection: Refusal | undefined;
    let unreadable = false;
    for await (const found of versionsOrEnd()) {
      if (!(found instanceof Credential)) {
        failed.push(`version ${found.version} is ${found.skipped}`);
        unreadable ||= found.unreadable === true;
        continue;
      }
      const app = new ConfidentialClientApplication({
        auth: {
          clientId: settings.clientId,
          authority: `${authorityHost}/${tenantId}`,
          // Without it MSAL asks the public cloud whether it knows the host before it sends anything there.
          knownAuthorities: [new URL(authorityHost).host],
          ...found.proof(),
        },
        system: { networkClient: network },
      });
      const token = await acquire(app, false);
      if (typeof token === "string") {
        accepted = { credential: found, app };
        passedOver = failed;
        return token;
      }
      rejection = token;
      failed.push(`version ${found.version} was rejected (${refusalInWords(token)})`);
    }
    throw noCredential(failed, rejection, unreadable);

    /** A vault that lets us read but not list ends the search; what was found so far tells the reason. */
    async function* versionsOrEnd(): AsyncGenerator<Credential | SkippedVersion, void, undefined> {
      try {
        yield* credentialVersions(vault, settings.credential, () => clock.now());
      } catch (error) {
        if (failed.length === 0 || !(error instanceof RollcallError) || error.code !== "vault-denied")
          throw error;
        failed.push("older versions could not be listed, which the role Key Vault Secrets User would allow");
      }
    }
  }

  function noCredential(
    failed: readonly string[],
    rejection: Refusal | undefined,
    unreadable: boolean,
  ): RollcallError {
    const { kind, name } = settings.credential;
    const versions = failed.length > 0 ? failed.join("; ") : "there is no enabled version";
    if (!rejection && unreadable) {
      return new RollcallError("certificate-unreadable", {
        doing: `reading ${vault.subject}`,
        problem: `no version can be used: ${versions}`,
        remedy:
          "Store an RSA certificate in Key Vault with an exportable private key, as PKCS#12 or PEM without password.",
      });
    }
    if (!rejection) {
      return new RollcallError("credential-unusable", {
        doing: `reading ${vault.subject}`,
        problem: `no version can be used: ${versions}`,
        remedy: `Add a valid ${kind} to the app registration and store it in Key Vault as a new version of ${name}.`,
      });
    }
    return new RollcallError("credential-rejected", {
      doing,
      problem: `Entra accepts no version of ${vault.subject}: ${versions}`,
      answer: answerOfRefusal(rejection),
      remedy: `Add a ${kind} to app ${settings.clientId} and store it in Key Vault as a new version of ${name}.`,
    });
  }

  async function next(refused: string | undefined): Promise<string> {
    if (refused !== undefined && latest !== undefined && latest !== refused) return latest;
    const token = accepted && (await acquire(accepted.app, refused !== undefined));
    latest = typeof token === "string" ? token : await firstAccepted();
    return latest;
  }

  /** One request to Entra at a time; whoever comes meanwhile shares its outcome. */
  function shared(refused?: string): Promise<string> {
    underway ??= next(refused).finally(() => {
      underway = undefined;
    });
    return underway;
  }

  return {
    get: () => shared(),
    renew: async (refused) => {
      const token = await shared(refused);
      // The outcome shared may be that of a get() which was under way already.
      return token === refused ? shared(refused) : token;
    },
    credential: () => {
      if (!accepted) throw new Error("no token was asked for yet");
      return accepted.credential.toJSON();
    },
    warnings: () => [
      ...passedOver.map((text) => warning("credential-passed-over", text)),
      ...expiryWarning(accepted?.credential, clock.now()).map((text) => warning("credential-expires", text)),
    ],
    [Symbol.asyncDispose]: () => network[Symbol.asyncDispose](),
  };
}

/**
 * What to say when a credential ends within {@link EXPIRY_WARNING_DAYS} days.
 *
 * @returns one clause or none
 */
export function expiryWarning(credential: CredentialIdentity | undefined, nowMs: number): string[] {
  const end = credential?.expiresOn;
  if (!credential || !end) return [];
  const days = Math.max(0, Math.floor((end.getTime() - nowMs) / DAY));
  if (days > EXPIRY_WARNING_DAYS) return [];
  const { kind, name, version } = credential;
  const when = days === 0 ? "within a day" : `in ${days} ${days === 1 ? "day" : "days"}`;
  return [`${kind} ${name} (version ${version}) expires ${when}, on ${end.toISOString().slice(0, 10)}`];
}

/**
 * MSAL's requests through our own connections: they end when the run does, silence is bounded, passing faults are tried
 * again (MSAL itself never does, and after a 429 refuses further calls without asking).
 */
class EntraNetwork implements INetworkModule, AsyncDisposable {
  readonly #settings: Settings;
  readonly #doing: string;
  readonly #context: HttpContext;
  readonly #client: HttpClient;
  #failure: unknown;

  constructor(settings: Settings, doing: string, { timeouts, ...context }: TokenOptions) {
    this.#settings = settings;
    this.#doing = doing;
    this.#context = context;
    this.#client = new HttpClient(timeouts, context.proxy);
  }

  sendGetRequestAsync<T>(url: string, options?: RequestOptions) {
    return this.#send<T>("GET", url, options);
  }

  sendPostRequestAsync<T>(url: string, options?: RequestOptions) {
    return this.#send<T>("POST", url, options);
  }

  /** Our own error of the last request, which MSAL would wrap into one of its own; forgets it. */
  takeFailure(): unknown {
    const failure = this.#failure;
    this.#failure = undefined;
    return failure;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }

  async #send<T>(method: "GET" | "POST", url: string, { headers = {}, body }: RequestOptions = {}) {
    try {
      // The metadata of an authority names its token endpoint: the credential must not follow it elsewhere.
      const { tenant, cloud } = this.#settings;
      if (new URL(url).origin !== cloud.authorityHost) throw foreignEndpoint(this.#doing, url);
      return await retry(this.#context, {
        attempt: async () => {
          const outgoing = { method, url, headers, ...(body !== undefined && { body }) };
          const response = await this.#client.send(outgoing, this.#context.signal);
          // MSAL gets one thing only, the tenant's OpenID configuration, and tells nothing of why it was refused.
          if (method === "GET" && response.status === 400)
            throw tenantNotFound(tenant, this.#doing, response.status);
          const redirect = redirectError(response, url, this.#doing);
          if (redirect) throw redirect;
          const json = parseJson(await response.body()) as T | undefined;
          if (isPassing(response, json)) {
            const status = response.status < 500 && response.status !== 429 ? 503 : response.status;
            return { failed: { kind: "status", status, retryAfter: response.headers["retry-after"] } };
          }
          if (json === undefined)
            return { failed: { kind: "damaged", reason: `${response.status} without JSON` } };
          // MSAL reads a refusal as OAuth words it; any other it takes for a token, or for an authority that is none.
          if (response.status !== 200 && (method === "GET" || !isOAuthError(json)))
            throw unusableStatus(this.#doing, response.status);
          return { done: { status: response.status, headers: { ...response.headers }, body: json } };
        },
        giveUp: (exhausted) =>
          new RollcallError("token-unavailable", {
            doing: this.#doing,
            problem: describeExhausted(exhausted),
            remedy:
              "Check outbound access to the authority host and Azure's status page; the next run tries again.",
          }),
      });
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }
}

interface RequestOptions {
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

function isPassing({ status }: HttpResponse, json: unknown): boolean {
  return (
    status === 429 || status >= 500 || (json as { error?: unknown })?.error === "temporarily_unavailable"
  );
}

function isOAuthError(json: unknown): boolean {
  return typeof (json as { error?: unknown } | null)?.error === "string";
}

/** Of MSAL's error only what looks like a code, a number and an id: the rest is text of the answer. */
function asRefusal(error: ServerError | InteractionRequiredAuthError): Refusal {
  const number = Number(error.errorNo ?? /AADSTS(\d{1,9})\b/.exec(error.errorMessage)?.[1]);
  return {
    status: "status" in error ? answer({ status: error.status }).status : undefined,
    error: safeCode(error.errorCode) ?? "an error without a code",
    aadsts: Number.isInteger(number) && number > 0 && number < 1e9 ? number : undefined,
    correlationId: safeRequestId(error.correlationId),
  };
}

function unusableStatus(doing: string, status: number): RollcallError {
  return new RollcallError("token-unavailable", {
    doing,
    problem: "the authority's answer is none of a sign-in service",
    answer: answer({ status }),
    remedy: "Check ROLLCALL_AUTHORITY_HOST, and for a proxy in between that wants a sign-in of its own.",
  });
}

function emptyToken(doing: string): RollcallError {
  return new RollcallError("token-unavailable", {
    doing,
    problem: "the answer holds no token",
    remedy: "This is a fault of the authority host; the next run tries again. Check ROLLCALL_AUTHORITY_HOST.",
  });
}

function foreignEndpoint(doing: string, url: string): RollcallError {
  return new RollcallError("token-unavailable", {
    doing,
    problem: `the authority names an endpoint on another host, ${safeOrigin(url)}; nothing was sent there`,
    remedy: "Check ROLLCALL_AUTHORITY_HOST.",
  });
}

/** What MSAL throws beside a refusal; its messages quote the answer. */
function asTokenError(error: unknown, doing: string): RollcallError {
  if (error instanceof RollcallError) return error;
  const code = error instanceof AuthError ? error.errorCode : error instanceof Error && error.name;
  return new RollcallError("token-unavailable", {
    doing,
    problem: `MSAL gave up (${safeCode(code) ?? "no known code"})`,
    remedy: "Check ROLLCALL_AUTHORITY_HOST and the tenant; `rollcall doctor` tries each step by itself.",
  });
}
