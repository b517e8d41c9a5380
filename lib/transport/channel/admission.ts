/**
 * Who may come in, as a listener's `authorize` says it.
 *
 * @module
 */

import { follow, thenOf } from "../../foreign/thenable.ts";
import type { PeerIdentity } from "./peer_identity.ts";

/** What a token is worth: `null` lets it in, a name lets it in for the peer of that name alone, a text refuses it with that text. */
export type TokenJudgement = string | null | { readonly name: string };

/** Judges the token of a request, at once or after looking it up. It is given who the other end of its connection has proven to be, and where it is, as far as that is known. */
export type Authorize = (
  token: string | null,
  identity: PeerIdentity | undefined,
  remote?: string,
) => TokenJudgement | Promise<TokenJudgement>;

/** Who is let in. */
export interface Admitted {
  /** For whom alone; `undefined`: for anyone. */
  readonly name: string | undefined;
}

/** Who is not, and what he is told. */
export interface Rejected {
  /** 401: the token is not good. 503: nobody could judge it, which is this side's fault. */
  readonly status: 401 | 503;
  /** What he is told. */
  readonly reason: string;
  /** What went wrong at this side. */
  readonly cause: unknown;
}

/** What became of a request. */
export type Admission = Admitted | Rejected;

const ANYONE: Admitted = { name: undefined };

/**
 * What a judgement means. Only those that are documented let anyone in: not a
 * promise, nor `undefined`, `false` or any other object. Never throws.
 *
 * @param said What `authorize` returned, or its promise gave.
 */
export function admissionOf(said: unknown): Admission {
  if (said === null) return ANYONE;
  if (typeof said === "string") return { status: 401, reason: said, cause: undefined };
  try {
    const name: unknown = (said as { readonly name?: unknown } | undefined)?.name;
    if (typeof said === "object" && typeof name === "string" && name !== "") return { name };
  } catch (cause) {
    return notJudged(cause);
  }
  const then = thenOf(said);
  // Nobody else would hear of its rejection, which would end the process.
  if (then !== null) follow(said, then, ignore, ignore);
  return notJudged(new TypeError("authorize must answer with null, a text or { name }"));
}

/** What is said of a request that could not be judged. */
export function notJudged(cause: unknown): Rejected {
  return { status: 503, reason: "this side could not judge the token; try again later", cause };
}

/** Asks `authorize`, and waits for its answer. Never rejects. Without one everyone is let in. */
export async function admit(
  authorize: Authorize | undefined,
  token: string | null,
  identity: PeerIdentity | undefined,
  remote?: string,
): Promise<Admission> {
  if (authorize === undefined) return ANYONE;
  try {
    return admissionOf(await authorize(token, identity, remote));
  } catch (cause) {
    return notJudged(cause);
  }
}

/** The same of one that answers at once. Never throws. */
export function admitNow(
  authorize: ((token: string | null) => TokenJudgement) | undefined,
  token: string | null,
): Admission {
  if (authorize === undefined) return ANYONE;
  try {
    return admissionOf(authorize(token));
  } catch (cause) {
    return notJudged(cause);
  }
}

function ignore(): void {}
