/**
 * Tokens that were used, so that none is used twice.
 *
 * @module
 */

import type { TokenClaim } from "../session/authenticator.ts";

/** So many tokens of one name are remembered one by one. */
export const MAX_TOKENS_PER_NAME = 256;

/** What is known of one name. */
interface Used {
  readonly tokens: Map<string, TokenClaim>;
  /** No token issued up to then is taken: it may be one that was forgotten. */
  floorMs: number;
}

/**
 * Remembers used tokens by the name that they speak for. A token is forgotten
 * when it has expired, or when its name has used too many others, the one
 * issued first before the others; from then on none that was issued as early is
 * taken, so what is forgotten is of no more use than what is remembered. Only
 * signed tokens come here, and the names are those of peers: strangers cannot
 * fill it, and one peer cannot crowd out another.
 */
export class UsedTokens {
  readonly #byName = new Map<string, Used>();

  /** How many tokens are remembered. */
  get size(): number {
    return this.#byName.values().reduce((sum, { tokens }) => sum + tokens.size, 0);
  }

  /**
   * Uses a token.
   *
   * @param claim What it claims, its signature having been found good.
   * @param wallNowMs The wall clock, in milliseconds since 1970.
   * @returns Why it is refused; `null` the first time.
   */
  use(claim: TokenClaim, wallNowMs: number): string | null {
    const { name, id, issuedMs } = claim;
    let used = this.#byName.get(name);
    if (used === undefined) {
      used = { tokens: new Map(), floorMs: -Infinity };
      this.#byName.set(name, used);
    }
    if (used.tokens.has(id)) return `the token of ${name} was used already: each is good once`;
    if (issuedMs <= used.floorMs) {
      return `the token of ${name} is older than others that are no longer remembered, so it ` +
        "may have been used already; try again with a new one, or set the clock if it went back";
    }
    used.tokens.set(id, claim);
    for (const old of [...used.tokens.values()]) {
      if (old.expiresMs < wallNowMs) forget(used, old);
    }
    if (used.tokens.size > MAX_TOKENS_PER_NAME) {
      forget(used, used.tokens.values().reduce((a, b) => b.issuedMs < a.issuedMs ? b : a));
    }
    return null;
  }
}

function forget(used: Used, { id, issuedMs }: TokenClaim): void {
  used.tokens.delete(id);
  used.floorMs = Math.max(used.floorMs, issuedMs);
}
