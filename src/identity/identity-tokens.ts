import type { AccessToken, TokenCredential } from "@azure/identity";
import { MINUTE } from "../clock.ts";
import { orAborted, type RunContext } from "../deadline.ts";
import { RollcallError } from "../error.ts";
import { describeExhausted, type RetriesExhausted, retry } from "../http/retry.ts";
import { identityAnswerOf, passingIdentityFault } from "./azure-answer.ts";
import { isUsersToken, readClaims, type TokenClaims } from "./token-claims.ts";

/** Less is not worth beginning with. MSAL, too, asks for a new token then. */
const LEAST_LEFT_MS = 5 * MINUTE;

/**
 * The managed identity's tokens for one resource.
 *
 * The platform keeps each for up to 24 hours and gives no other before, whatever was granted or taken away meanwhile
 * (https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/managed-identities-faq).
 */
export class IdentityTokens {
  /** What is being done, for messages. */
  readonly doing: string;
  readonly #identity: TokenCredential;
  readonly #resource: string;
  readonly #context: RunContext;
  #held: AccessToken | undefined;

  /** @param resource such as `https://graph.microsoft.com` */
  constructor(identity: TokenCredential, resource: string, context: RunContext) {
    this.#identity = identity;
    this.#resource = resource;
    this.#context = context;
    this.doing = `getting the managed identity's token for ${resource}`;
  }

  /**
   * A token with at least five minutes left.
   *
   * @param skipCache asks for a newer one than the last, which the platform need not have
   * @throws {RollcallError} `identity-unavailable`
   */
  async get(skipCache = false): Promise<string> {
    const leftMs = (this.#held?.expiresOnTimestamp ?? 0) - this.#context.clock.now();
    if (!this.#held || skipCache || leftMs < LEAST_LEFT_MS) this.#held = await this.#ask();
    return this.#held.token;
  }

  /** What the last token says of its holder; `undefined` if there is none, or it cannot be read. */
  get holder(): TokenClaims | undefined {
    return this.#held && readClaims(this.#held.token);
  }

  async #ask(): Promise<AccessToken> {
    const { signal } = this.#context;
    let last: unknown;
    const token = await retry<AccessToken>(this.#context, {
      attempt: async () => {
        try {
          const found = await orAborted(signal, this.#identity.getToken(`${this.#resource}/.default`));
          return found?.token
            ? { done: found }
            : { failed: { kind: "damaged", reason: "it holds no token" } };
        } catch (error) {
          signal.throwIfAborted();
          last = error;
          const failed = passingIdentityFault(error);
          if (!failed) throw this.#unavailable(error);
          return { failed };
        }
      },
      giveUp: (exhausted) => this.#unavailable(last, exhausted),
    });
    if (isUsersToken(token.token)) throw usersToken(this.doing);
    return token;
  }

  /** Whatever was thrown ends here: it may hold the identity's header, and its message quotes the answer. */
  #unavailable(error: unknown, exhausted?: RetriesExhausted): RollcallError {
    return new RollcallError("identity-unavailable", {
      doing: this.doing,
      problem: `no managed identity gave one${exhausted ? `: ${describeExhausted(exhausted)}` : ""}`,
      answer: identityAnswerOf(error),
      remedy: REMEDY,
    });
  }
}

const REMEDY =
  "In Azure: give the Function app an identity; with a user-assigned one set AZURE_CLIENT_ID to its client id. " +
  "On a laptop there is none: this kind of credential can be tried in Azure only.";

function usersToken(doing: string): RollcallError {
  return new RollcallError("identity-unavailable", {
    doing,
    problem:
      "the token is a user's, as of `az login`, and was not used: it shows no more people than that user may see",
    remedy: REMEDY,
  });
}
