/**
 * Majorities: any two of them have a member in common.
 *
 * @module
 */

/** How many of `count` are a majority. */
export function majorityOf(count: number): number {
  return Math.floor(count / 2) + 1;
}

/**
 * Asks everyone at once and waits for enough of them to agree.
 *
 * @param members Whom to ask.
 * @param enough How many have to agree.
 * @param ask The question. A rejection counts as a no.
 * @param agrees Tells a yes from a no.
 * @returns The replies of those who agreed, as soon as they are enough; or
 * `undefined`, as soon as they can no longer be. Questions still open go on.
 */
export function askMajority<Member, Reply>(
  members: readonly Member[],
  enough: number,
  ask: (member: Member) => Promise<Reply>,
  agrees: (reply: Reply) => boolean,
): Promise<Reply[] | undefined> {
  const { promise, resolve } = Promise.withResolvers<Reply[] | undefined>();
  const agreed: Reply[] = [];
  let open = members.length;
  const settle = (reply?: Reply) => {
    open--;
    if (reply !== undefined && agrees(reply)) agreed.push(reply);
    if (agreed.length >= enough) resolve(agreed.slice(0, enough));
    else if (agreed.length + open < enough) resolve(undefined);
  };
  if (open < enough) resolve(undefined);
  for (const member of members) ask(member).then(settle, () => settle());
  return promise;
}
