/**
 * What nodes ask voters.
 *
 * @module
 */

import * as t from "../../codec/mod.ts";
import { single, type SingleContract } from "../../rpc/contract/contract.ts";

/** The longest name of a lease, in characters. */
export const MAX_NAME_LENGTH = 255;

const name = t.string();
const holder = t.string();
/** How long leases last and who votes: who has it otherwise gets nothing. */
const group = t.string();
/** Whether others may have it too, that share it; absent: no. */
const shared = t.optional(t.boolean());

/** Asks for a grant. */
export interface AskRequest {
  readonly group: string;
  readonly name: string;
  readonly holder: string;
  readonly shared?: boolean | undefined;
  /** Whether this holder asks again soon; absent: no. */
  readonly waits?: boolean | undefined;
}

/** The answer to it. */
export interface AskReply {
  readonly granted: boolean;
  /** The highest token that this voter has confirmed, of any name. */
  readonly highest: number;
  /** Why it was not granted, for people. */
  readonly why: string;
}

/** Confirms a token, or renews a lease. */
export interface KeepRequest {
  readonly group: string;
  readonly name: string;
  readonly holder: string;
  readonly token: number;
  /** Whether it is the first time: then the grant must be there. */
  readonly isFirst: boolean;
  /** Whether it is shared, in case this voter does not know. */
  readonly shared?: boolean | undefined;
}

/** Gives a grant back. */
export interface ReleaseRequest {
  readonly name: string;
  readonly holder: string;
}

/** What a voter knows. */
export interface LearnReply {
  readonly state: VoterState;
  readonly highest: number;
}

/** The states of a voter: see voter.ts. */
export type VoterState = "silent" | "blank" | "voting";

/** Asks for a grant. */
export const askContract: SingleContract<AskRequest, AskReply> = single("lease.ask", {
  request: t.record({ group, name, holder, shared, waits: t.optional(t.boolean()) }),
  response: t.record({ granted: t.boolean(), highest: t.uint(), why: t.string() }),
});

/** Confirms or renews; the answer is whether the grant stands. */
export const keepContract: SingleContract<KeepRequest, boolean> = single("lease.keep", {
  request: t.record({ group, name, holder, token: t.uint(), isFirst: t.boolean(), shared }),
  response: t.boolean(),
});

/** Gives back. */
export const releaseContract: SingleContract<ReleaseRequest, void> = single("lease.release", {
  request: t.record({ name, holder }),
  response: t.nothing(),
});

/** Asks what a voter knows. */
export const learnContract: SingleContract<void, LearnReply> = single("lease.learn", {
  request: t.nothing(),
  response: t.record({
    state: t.enumeration(["silent", "blank", "voting"]),
    highest: t.uint(),
  }),
});
