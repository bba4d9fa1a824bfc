import type { CredentialIdentity } from "./credential.ts";
import type { Refusal } from "./sign-in-error.ts";

/** Signs in with one credential, and keeps its tokens. */
export interface SignIn {
  readonly credential: CredentialIdentity;
  /**
   * A token for Graph with at least five minutes left.
   *
   * @param skipCache whether it must be a new one
   * @returns the token, or why Entra does not take this credential
   * @throws {RollcallError} when another credential would not help
   */
  token(skipCache: boolean): Promise<string | Refusal>;
  /** Lets no later run have what this one keeps. */
  drop(): void;
}
