/** What an older version and one of later have said to each other, and how it came about. */

import { InternodeError } from "../../../lib/errors.ts";
import type { Side } from "../../support/session/side.ts";
import { type ConversationRecipe, CONVERSATIONS, type Turn } from "../conversations.ts";

/** One conversation. */
export interface Recording {
  /** Which of the vectors' conversations it is. */
  readonly name: string;
  /** Whose words are the older version's. */
  readonly older: Turn["from"];
  /** What both said in each {@linkcode PHASES phase}. */
  readonly phases: readonly (readonly Turn[])[];
}

/** How a conversation goes on whenever both sides are quiet. */
export const PHASES = ["handshake", "calls", "answers", "goodbye"] as const;

/** Those of the vectors' conversations that are recorded. */
export const RECORDED: readonly ConversationRecipe[] = CONVERSATIONS.filter(({ name }) =>
  /^(calls of every kind|a request and its answer|refused for its)/.test(name)
);

/** The last phase: the dialler says goodbye, with an error of its own version's. */
export function sayGoodbye(
  dialler: Side,
  ErrorClass: typeof InternodeError = InternodeError,
): void {
  dialler.session.close(new ErrorClass("Closed", "that was all"), 1000);
}
