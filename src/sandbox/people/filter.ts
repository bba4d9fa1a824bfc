/** A `$filter` that the sandbox's Graph understands. `undefined` bounds are open. */
export type Filter =
  | {
      readonly kind: "createdBetween";
      readonly fromSeconds: number | undefined;
      readonly toSeconds: number | undefined;
    }
  | { readonly kind: "createdNull" }
  | { readonly kind: "accountEnabled"; readonly value: boolean }
  | { readonly kind: "userType"; readonly value: string };
