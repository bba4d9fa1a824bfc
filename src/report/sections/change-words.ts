import { formatCount } from "../../words/format.ts";
import type { ChangeHighlights } from "../facts/change-highlights.ts";

/** How many of the users who changed did so in nothing that anybody did to them; empty for none. */
export function restlessInWords(highlights: Pick<ChangeHighlights, "onlyRestless"> | null): string {
  const users = highlights?.onlyRestless ?? 0;
  if (users === 0) return "";
  return `${formatCount(users)} of them only signed in or ${users === 1 ? "was" : "were"} synchronised`;
}
