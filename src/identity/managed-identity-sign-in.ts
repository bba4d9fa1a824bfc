import type { CredentialIdentity } from "./credential.ts";
import type { IdentityTokens } from "./identity-tokens.ts";
import type { SignIn } from "./sign-in.ts";

/** Signs in as the managed identity itself, to which the app roles were granted: no app registration, no secret. */
export class ManagedIdentitySignIn implements SignIn {
  readonly credential: CredentialIdentity = {
    kind: "managed-identity",
    name: undefined,
    version: undefined,
    expiresOn: undefined,
  };
  readonly #tokens: IdentityTokens;

  /** @param tokens the identity's tokens for Graph */
  constructor(tokens: IdentityTokens) {
    this.#tokens = tokens;
  }

  /** The last one again, where the platform has no newer: see {@link IdentityTokens}. */
  token(skipCache: boolean): Promise<string> {
    return this.#tokens.get(skipCache);
  }

  drop(): void {
    // The platform keeps it, and gives no other before its time.
  }
}
