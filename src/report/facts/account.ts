/** An account, as a report names it. */
export interface Account {
  readonly id: string;
  /** Absent where it was not selected, or is empty. */
  readonly userPrincipalName: string | undefined;
  /** Likewise. */
  readonly displayName: string | undefined;
}
