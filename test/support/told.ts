import assert from "node:assert/strict";
import type { Echo } from "../../src/sandbox/service/echo.ts";

/** Short enough to find a piece of a secret, long enough not to find one anywhere else. */
const PIECE_LENGTH = 12;

/** What an echo repeats: all, or a piece that could pass for a code. */
export const PICKS: Readonly<Record<string, (sent: string) => string>> = {
  "all that was sent": (sent) => sent,
  "a token's end": (sent) => sent.slice(-40),
  "a token's beginning": (sent) => sent.replace(/^Bearer /, "").slice(0, 60),
};

/** Hears what an echo is about to tell, so that it can be looked for wherever it must not be. */
export class Eavesdropper {
  readonly #secrets = new Set<string>();
  #heard = 0;

  /** How often an echo answered. */
  get heard(): number {
    return this.#heard;
  }

  /** The echo with this listener in it. */
  hearing(echo: Echo): Echo {
    const pick = echo.pick ?? ((sent: string) => sent);
    return {
      ...echo,
      pick: (sent) => {
        this.#heard++;
        for (const secret of secretsIn(sent)) this.#secrets.add(secret);
        return pick(sent);
      },
    };
  }

  /** Fails when a text holds a piece of any secret that an echo repeated. */
  assertUntold(...texts: readonly string[]): void {
    for (const text of texts) {
      for (const secret of this.#secrets) {
        for (let at = 0; at + PIECE_LENGTH <= secret.length; at++) {
          const piece = secret.slice(at, at + PIECE_LENGTH);
          assert.ok(!text.includes(piece), `told: ${piece} in ${text.slice(0, 1000)}`);
        }
      }
    }
  }
}

/** Tokens, secrets, assertions, signatures and identity headers. */
function secretsIn(sent: string): readonly string[] {
  const found = [
    ...sent.matchAll(/\b(?:Bearer|SharedKey) (\S+)/g),
    ...sent.matchAll(/\bclient_(?:secret|assertion)=([^&\s]+)/g),
    ...sent.matchAll(/^([0-9a-f]{32})(?: |$)/g),
  ];
  return found.flatMap(([, secret = ""]) => [secret, decodeURIComponent(secret)]);
}
