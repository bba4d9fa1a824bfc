/** The ways to sign in. */
export const CREDENTIAL_KINDS = ["certificate", "secret", "federated", "managed-identity"] as const;

/** One of {@link CREDENTIAL_KINDS}. */
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number];
