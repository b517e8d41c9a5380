/**
 * Judging the tokens of upgrade requests, at nodes and at servers alike.
 *
 * @module
 */

import { type Refusal, unproven } from "../../session/frames/wire_error.ts";
import { plainText } from "../../foreign/plain_text.ts";
import type { TokenJudgement } from "../../transport/channel/authorization.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { PeerIdentity } from "../../transport/channel/peer_identity.ts";
import type { Authenticator, TokenClaim } from "../../session/frames/authenticator.ts";
import type { UsedTokens } from "../proof/used_tokens.ts";
import type { ListenerLog } from "./listener_log.ts";

/** Whose tokens are judged, and for whom. */
export interface TokenJudgeInit {
  /** What tells a good one; `null`: no token is asked for. */
  readonly auth: Authenticator | null;
  /** Where time comes from. */
  readonly clock: Clock;
  /** Whom tokens must be for: a node's URL; empty at a server, which has no name that its clients know. */
  readonly local: string;
  /** Hears of those that are refused. */
  readonly log: ListenerLog;
  /** Which tokens were used. */
  readonly used: UsedTokens;
  /** Among whose tokens those of a name are remembered. Default: among its own. */
  readonly among?: (name: string) => string;
}

/** Who shows a token, as far as that is known. */
export interface TokenBearer {
  /** Who the other end of the request's connection has proven to be. */
  readonly identity: PeerIdentity | undefined;
  /** Where the request comes from. */
  readonly remote: string | undefined;
}

/** Lets in whoever has a good token, and each token once. */
export class TokenJudge {
  readonly #init: TokenJudgeInit;

  constructor(init: TokenJudgeInit) {
    this.#init = init;
  }

  /**
   * Judges one, see `ListenOptions.authorize`.
   *
   * @param token The token; `null` if the request has none.
   * @param bearer Who shows it.
   * @param refusal Why nobody of a name comes in; `null` if he may.
   */
  judge(
    token: string | null,
    bearer: TokenBearer,
    refusal: (name: string) => Refusal | null,
  ): TokenJudgement {
    const { auth, clock, local, log, used, among } = this.#init;
    if (auth === null) return null;
    const wallNowMs = clock.wallNow(), verdict = auth.checkToken(token, local, wallNowMs);
    let refused: Refusal | null;
    if ("refusal" in verdict) refused = unproven(verdict.refusal);
    else if (verdict.name === "") refused = unproven("the token has no name");
    // Only what was signed, by those who may come in, is remembered.
    else {refused = refusal(verdict.name) ??
        unproven(used.use(verdict, wallNowMs, among?.(verdict.name)));}
    if (refused === null) return verdict as TokenClaim;
    const caller = "name" in verdict ? verdict.name : undefined;
    log.onRefused(refused, { ...bearer, caller });
    return refused.why;
  }
}

/**
 * Compares a hello's name with that of the token before it.
 *
 * @param tokenName Of the token; `undefined` if none was asked for.
 * @param name In the hello.
 * @returns What is wrong; `null`: nothing.
 */
export function tokenNameProblem(tokenName: string | undefined, name: string): Refusal | null {
  if (tokenName === undefined || tokenName === name) return null;
  return unproven(`"${name}" used the token of "${plainText(tokenName)}"`);
}
