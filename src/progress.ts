/** What a run is doing, for a person who watches. */
export type Progress =
  | { readonly phase: "lock" | "credential" | "count" | "changes" | "commit" }
  | {
      readonly phase: "list";
      /** Different users so far. */
      readonly users: number;
      /** The directory's own count; `null` where there is none. */
      readonly counted: number | null;
      /** Slices that are listed to their end; 0 where the users are listed page after page. */
      readonly slicesDone: number;
      /** Slices in all; 0 where the users are listed page after page. */
      readonly slices: number;
      /** Requests sent again so far. */
      readonly retries: number;
    };

/** Called often; must return at once and not throw. */
export type ProgressListener = (progress: Progress) => void;
