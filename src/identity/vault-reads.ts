import { type Clock, MINUTE, SECOND, systemClock } from "../clock.ts";
import { orAborted } from "../deadline.ts";
import type { Vault } from "./vault.ts";

/** How long a read serves others. A version that is added or disabled is noticed so much later at the most. */
const MAX_AGE_MS = 10 * MINUTE;
/** What is this young is not read again because a credential was refused: the vault would say the same. */
const FRESH_MS = 30 * SECOND;

interface Kept {
  readonly value: Promise<unknown>;
  /** When it was asked for, by the clock's `elapsed`. */
  readonly sinceMs: number;
}

/**
 * What the runs of a process have read of Key Vault, so that a thousand of them within minutes do not read it a thousand
 * times. Holds secrets, in memory only, and for ten minutes at the most from when they were read.
 */
export class VaultReads {
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /**
   * The same vault, read once for all who ask within ten minutes. Whoever asks while a read is under way waits for it; if
   * that fails, perhaps because the run that began it was ended, they read for themselves.
   *
   * @param signal ends the waiting of this caller alone
   */
  share(vault: Vault, signal: AbortSignal): Vault {
    const { subject } = vault;
    return {
      subject,
      get: (version) =>
        this.once(subject, `version ${version ?? "newest"}`, () => vault.get(version), signal),
      versions: () => this.once(subject, "versions", () => vault.versions(), signal),
    };
  }

  /**
   * What a read gives, once for all who ask within ten minutes; see {@link share}.
   *
   * @param subject the object in the vault
   * @param what of it
   */
  async once<T>(subject: string, what: string, read: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const key = `${subject}\n${what}`;
    for (;;) {
      const kept = this.#kept.get(key);
      if (!kept || this.#age(kept.sinceMs) > MAX_AGE_MS) return await this.#keep(key, read());
      try {
        return (await orAborted(signal, kept.value)) as T;
      } catch {
        // Another run's failure, or this one's end.
        signal.throwIfAborted();
        if (this.#kept.get(key) === kept) this.#kept.delete(key);
      }
    }
  }

  /**
   * Drops what was read of an object, because it was refused: a credential by Entra, a key by the vault that was to sign.
   *
   * @returns whether reading again may tell something else: not if it was read just now
   */
  forget({ subject }: Pick<Vault, "subject">): boolean {
    const old = [...this.#kept].filter(
      ([key, { sinceMs }]) => key.startsWith(`${subject}\n`) && this.#age(sinceMs) > FRESH_MS,
    );
    for (const [key] of old) this.#kept.delete(key);
    return old.length > 0;
  }

  async #keep<T>(key: string, value: Promise<T>): Promise<T> {
    const kept = { value, sinceMs: this.#clock.elapsed() };
    this.#kept.set(key, kept);
    // Not kept longer than it may serve, also if nobody asks again.
    setTimeout(() => this.#drop(key, kept), MAX_AGE_MS).unref();
    try {
      return await value;
    } catch (error) {
      this.#drop(key, kept);
      throw error;
    }
  }

  #drop(key: string, kept: Kept): void {
    if (this.#kept.get(key) === kept) this.#kept.delete(key);
  }

  #age(sinceMs: number): number {
    return this.#clock.elapsed() - sinceMs;
  }
}
