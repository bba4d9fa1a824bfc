/** What a run is doing, for a progress display. */
export type Progress =
  | { readonly phase: "lock" | "credential" | "count" | "changes" | "commit" | "prune" }
  | {
      readonly phase: "list";
      /** Different users so far. */
      readonly users: number;
      /** The directory's own count; `null` if there is none. */
      readonly counted: number | null;
      /** Slices finished; 0 if the users are listed page after page. */
      readonly slicesDone: number;
      /** Slices in all; 0 if the users are listed page after page. */
      readonly slices: number;
      /** Requests sent again so far. */
      readonly retries: number;
    };

/** Called often; must return at once and not throw. */
export type ProgressListener = (progress: Progress) => void;
