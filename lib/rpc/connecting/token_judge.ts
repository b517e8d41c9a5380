/**
 * Checks the tokens of upgrade requests, for nodes and servers.
 *
 * @module
 */

import { type Refusal, unproven } from "../../session/frames/wire_error.ts";
import { plainText } from "../../foreign/plain_text.ts";
import type { TokenJudgement } from "../../transport/channel/authorization.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { PeerIdentity } from "../../transport/channel/peer_identity.ts";
import type {
  Authenticator,
  TokenClaim,
  TokenVerdict,
} from "../../session/frames/authenticator.ts";
import type { UsedTokens } from "../proof/used_tokens.ts";
import type { ListenerLog } from "./listener_log.ts";

/** What a token judge is made from. */
export interface TokenJudgeInit {
  /** Checks tokens; `null` if no token is required. */
  readonly auth: Authenticator | null;
  /** The source of time. */
  readonly clock: Clock;
  /** The name that tokens must be made for: a node's URL; empty for a server, which has no name for its clients. */
  readonly local: string;
  /** Logs refused tokens. */
  readonly log: ListenerLog;
  /** The used tokens. */
  readonly used: UsedTokens;
  /** The group in which the tokens of a name are remembered. Default: the name itself. */
  readonly among?: (name: string) => string;
  /** A node's guests. Default: it has none. */
  readonly guests?: GuestTokens;
}

/** Guests do not know the name of the node that they connect to, so that their tokens name no acceptor. */
export interface GuestTokens {
  /** Whether guests may come in. */
  readonly areTaken: boolean;
  /** Whether who has that name can only be a guest. */
  isGuest(name: string): boolean;
}

/** Who presents a token, as far as that is known. */
export interface TokenBearer {
  /** Who the other end of the request's connection has proven to be. */
  readonly identity: PeerIdentity | undefined;
  /** The address of the request. */
  readonly remote: string | undefined;
}

/** Accepts valid tokens, each of them once. */
export class TokenJudge {
  readonly #init: TokenJudgeInit;

  constructor(init: TokenJudgeInit) {
    this.#init = init;
  }

  /**
   * Checks a token; see `ListenOptions.authorize`.
   *
   * @param token The token; `null` if the request has none.
   * @param bearer Who presents it.
   * @param refusal Returns why a name is refused; `null` if it is allowed.
   */
  judge(
    token: string | null,
    bearer: TokenBearer,
    refusal: (name: string) => Refusal | null,
  ): TokenJudgement {
    const { auth, clock, log, used, among } = this.#init;
    if (auth === null) return null;
    const wallNowMs = clock.wallNow(), verdict = this.#check(auth, token, wallNowMs);
    let refused: Refusal | null;
    if ("refusal" in verdict) refused = unproven(verdict.refusal);
    else if (verdict.name === "") refused = unproven("the token has no name");
    // Only signed tokens of allowed names are remembered.
    else {refused = refusal(verdict.name) ??
        unproven(used.use(verdict, wallNowMs, among?.(verdict.name)));}
    if (refused === null) return verdict as TokenClaim;
    const caller = "name" in verdict ? verdict.name : undefined;
    log.onRefused(refused, { ...bearer, caller });
    return refused.why;
  }

  #check(auth: Authenticator, token: string | null, wallNowMs: number): TokenVerdict {
    const { local, guests } = this.#init, own = auth.checkToken(token, local, wallNowMs);
    if (!("refusal" in own) || guests?.areTaken !== true) return own;
    const guest = auth.checkToken(token, "", wallNowMs);
    return "refusal" in guest || !guests.isGuest(guest.name) ? own : guest;
  }
}

/**
 * Compares a hello's name with that of the token before it.
 *
 * @param tokenName Of the token; `undefined` if none was asked for.
 * @param name In the hello.
 * @returns What is wrong; `null` if there is none.
 */
export function tokenNameProblem(tokenName: string | undefined, name: string): Refusal | null {
  if (tokenName === undefined || tokenName === name) return null;
  return unproven(`"${name}" used the token of "${plainText(tokenName)}"`);
}
