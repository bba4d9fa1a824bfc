/** What a run is doing, for a person who watches. */
export type Progress =
  | { readonly phase: "lock" | "credential" | "count" | "commit" }
  | {
      readonly phase: "list";
      /** Different users so far. */
      readonly users: number;
      /** The directory's own count; `null` where there is none. */
      readonly counted: number | null;
      /** Requests sent again so far. */
      readonly retries: number;
    };

/** Called often; must return at once and not throw. */
export type ProgressListener = (progress: Progress) => void;
