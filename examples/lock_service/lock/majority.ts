/**
 * Majorities: any two of them have a member in common.
 *
 * @module
 */

import { gather, QuorumError } from "@internode/grid/patterns";

export { majorityOf } from "@internode/grid/patterns";

/**
 * Asks everyone at once and waits for enough of them to agree.
 *
 * @param members Whom to ask.
 * @param enough How many have to agree.
 * @param ask The question, which ends in time by itself. A rejection counts as a no.
 * @param agrees Tells a yes from a no.
 * @returns The replies of those who agreed, as soon as they are enough; or
 * `undefined`, as soon as they can no longer be. Questions still open go on.
 */
export async function askMajority<Member extends { readonly host: string }, Reply>(
  members: readonly Member[],
  enough: number,
  ask: (member: Member) => Promise<Reply>,
  agrees: (reply: Reply) => boolean,
): Promise<readonly Reply[] | undefined> {
  const options = { need: enough, accept: agrees, rest: "finish", timeoutMs: Infinity } as const;
  try {
    return (await gather(members, ask, options)).values;
  } catch (error) {
    if (error instanceof QuorumError) return undefined;
    throw error;
  }
}
