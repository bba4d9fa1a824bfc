/** Something that a person should see to. */
export interface AttentionPoint {
  /** A sentence. */
  readonly text: string;
  /** Id of the heading under which more is said; absent where there is no more. */
  readonly about?: "changes" | "disabled-licensed" | "history" | "pending-guests" | "proof" | "unused";
}
