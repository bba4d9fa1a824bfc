import { ownText } from "../../rows/json-text.ts";

/** An account, as a report names it. */
export interface Account {
  readonly id: string;
  /** Absent where it was not selected, or is empty. */
  readonly userPrincipalName: string | undefined;
  /** Likewise. */
  readonly displayName: string | undefined;
}

/** An account to keep: without the line, or all the lines, that its texts were cut out of. */
export function ownAccount<T extends Account>(account: T): T {
  const { id, userPrincipalName, displayName } = account;
  return {
    ...account,
    id: ownText(id),
    userPrincipalName: userPrincipalName && ownText(userPrincipalName),
    displayName: displayName && ownText(displayName),
  };
}
