/**
 * Remembers used tokens, so that none is used twice.
 *
 * @module
 */

import { plainText } from "../../foreign/plain_text.ts";
import type { TokenClaim } from "../../session/frames/authenticator.ts";

/** How many tokens of one name are remembered one by one, by default. */
export const MAX_TOKENS_PER_NAME = 256;
/** With more than this many, expired ones are removed less often. */
const FEW_TOKENS = 256, LOOK_EACH_MS = 1_000;

/** What is known of one name. */
interface Used {
  readonly tokens: Map<string, TokenClaim>;
  /** Tokens issued up to this time are refused, because they may have been forgotten. */
  floorMs: number;
  /** When expired ones were last removed. */
  lookedMs: number;
}

/**
 * Remembers used tokens by the name that they were made for. A token is
 * forgotten when it has expired, or when its name has used too many others;
 * then the token that was issued first goes first. From then on, all tokens of
 * that name that were issued as early are refused, so a forgotten token cannot
 * be used again. Only signed tokens are remembered, by names of peers: unproven
 * peers cannot fill it, and one peer cannot displace another. The names of a
 * service's clients are not proven, so they all share one group.
 */
export class UsedTokens {
  readonly #byName = new Map<string, Used>();
  readonly #maxTokens: number;

  /** @param maxTokens How many of one name are remembered one by one. Default: 256. */
  constructor(maxTokens: number = MAX_TOKENS_PER_NAME) {
    this.#maxTokens = maxTokens;
  }

  /** How many tokens are remembered. */
  get size(): number {
    return this.#byName.values().reduce((sum, { tokens }) => sum + tokens.size, 0);
  }

  /**
   * Uses a token.
   *
   * @param claim Its content; the signature is valid.
   * @param wallNowMs The wall clock, in milliseconds since 1970.
   * @param among The group in which it is remembered. Default: its name.
   * @returns Why it is refused; `null` the first time.
   */
  use(claim: TokenClaim, wallNowMs: number, among: string = claim.name): string | null {
    const { name, id, issuedMs } = claim;
    let used = this.#byName.get(among);
    if (used === undefined) {
      this.#forgetNames(wallNowMs);
      used = { tokens: new Map(), floorMs: -Infinity, lookedMs: -Infinity };
      this.#byName.set(among, used);
    }
    if (used.tokens.has(id)) {
      return `the token of ${plainText(name)} was used already: each token is valid once`;
    }
    if (issuedMs <= used.floorMs) {
      return `the token of ${
        plainText(name)
      } is older than others that are no longer remembered, so it ` +
        "may have been used already; try again with a new one, or correct the clock if it was set back";
    }
    used.tokens.set(id, claim);
    forgetExpired(used, wallNowMs);
    if (used.tokens.size > this.#maxTokens) forgetFirst(used, Math.ceil(this.#maxTokens / 256));
    return null;
  }

  /** Removes names whose tokens have all expired. */
  #forgetNames(wallNowMs: number): void {
    for (const [name, { tokens }] of this.#byName) {
      if (tokens.values().every(({ expiresMs }) => expiresMs < wallNowMs)) {
        this.#byName.delete(name);
      }
    }
  }
}

function forgetExpired(used: Used, wallNowMs: number): void {
  const sinceMs = wallNowMs - used.lookedMs;
  if (used.tokens.size > FEW_TOKENS && sinceMs >= 0 && sinceMs < LOOK_EACH_MS) return;
  used.lookedMs = wallNowMs;
  for (const old of [...used.tokens.values()]) {
    if (old.expiresMs < wallNowMs) forget(used, old);
  }
}

/** Removes several at once if there are many, because finding them means looking at all. */
function forgetFirst(used: Used, count: number): void {
  const byAge = [...used.tokens.values()].sort((a, b) => a.issuedMs - b.issuedMs);
  for (const old of byAge.slice(0, count)) forget(used, old);
}

function forget(used: Used, { id, issuedMs }: TokenClaim): void {
  used.tokens.delete(id);
  used.floorMs = Math.max(used.floorMs, issuedMs);
}
