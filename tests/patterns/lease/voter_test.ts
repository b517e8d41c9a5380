import { VirtualClock } from "@internode/grid/testing";
import { assertEquals } from "@std/assert";
import { Voter } from "../../../lib/patterns/lease/voter.ts";

const TTL_MS = 1_000, GROUP = "1000 ms, a b c";

function makeVoter(seed = 100): { voter: Voter; clock: VirtualClock } {
  const clock = new VirtualClock();
  return { voter: new Voter(clock, GROUP, TTL_MS, seed), clock };
}

function votingVoter(highest = 100): { voter: Voter; clock: VirtualClock } {
  const made = makeVoter(highest);
  made.voter.endSilence();
  made.voter.startVoting(highest);
  return made;
}

const ask = (voter: Voter, holder: string, name = "x") => voter.ask({ group: GROUP, name, holder });
const keep = (voter: Voter, holder: string, token: number, isFirst = false) =>
  voter.keep({ group: GROUP, name: "x", holder, token, isFirst });

Deno.test("a voter grants and confirms nothing while it is silent or blank, or closed", () => {
  const { voter } = makeVoter(7);
  assertEquals(ask(voter, "p"), { granted: false, highest: 7, why: "this voter is silent" });
  assertEquals(keep(voter, "p", 8), false);
  assertEquals(voter.learn(), { state: "silent", highest: 7 });
  voter.endSilence();
  assertEquals(ask(voter, "p").granted, false);
  assertEquals(voter.learn(), { state: "blank", highest: 7 });
  voter.startVoting(3);
  assertEquals(voter.learn(), { state: "voting", highest: 3 });
  assertEquals(ask(voter, "p").granted, true);
  voter.close();
  assertEquals(ask(voter, "p").granted, false);
  assertEquals(voter.learn().state, "silent");
});

Deno.test("a silent voter does not start to vote", () => {
  const { voter } = makeVoter();
  voter.startVoting(5);
  assertEquals(voter.learn().state, "silent");
});

Deno.test("one holder at a time has the grant of a name, until it is released or has run out", async () => {
  const { voter, clock } = votingVoter();
  assertEquals(ask(voter, "p").granted, true);
  assertEquals(ask(voter, "q"), { granted: false, highest: 100, why: '"p" has it' });
  assertEquals(ask(voter, "q", "y").granted, true);
  assertEquals(keep(voter, "q", 101, true), false);
  voter.release({ name: "x", holder: "q" });
  assertEquals(ask(voter, "q").granted, false);
  voter.release({ name: "x", holder: "p" });
  assertEquals(ask(voter, "q").granted, true);
  // Unconfirmed it runs out after half the time.
  await clock.advance(TTL_MS / 2 - 1);
  assertEquals(ask(voter, "p").granted, false);
  await clock.advance(1);
  assertEquals(ask(voter, "p").granted, true);
});

Deno.test("a confirmed grant stands for a lease's time from when it was renewed last", async () => {
  const { voter, clock } = votingVoter();
  ask(voter, "p");
  assertEquals(keep(voter, "p", 101, true), true);
  await clock.advance(TTL_MS - 1);
  assertEquals(keep(voter, "p", 101), true);
  await clock.advance(TTL_MS - 1);
  assertEquals(ask(voter, "q").granted, false);
  await clock.advance(1);
  assertEquals(ask(voter, "q").granted, true);
  assertEquals(keep(voter, "p", 101), false);
});

Deno.test("a token is confirmed only above all that was known when it was granted", () => {
  const { voter } = votingVoter(100);
  ask(voter, "p");
  assertEquals(keep(voter, "p", 100, true), false);
  assertEquals(keep(voter, "p", 101, true), true);
  assertEquals(voter.learn().highest, 101);
  // Without a grant there is nothing to confirm.
  voter.release({ name: "x", holder: "p" });
  assertEquals(keep(voter, "p", 102, true), false);
  assertEquals(voter.learn().highest, 101);
});

Deno.test("a renewal is taken where nobody has the name, as by a voter that has started since", () => {
  const { voter } = votingVoter(100);
  assertEquals(keep(voter, "p", 50), true);
  assertEquals(ask(voter, "q").granted, false);
  assertEquals(voter.learn().highest, 100);
});

Deno.test("a node with other voters, or another time of a lease, gets nothing", () => {
  const { voter } = votingVoter();
  const group = "2000 ms, a b c";
  assertEquals(voter.ask({ group, name: "x", holder: "p" }).granted, false);
  assertEquals(voter.keep({ group, name: "x", holder: "p", token: 101, isFirst: false }), false);
});

Deno.test("names are 1 to 255 characters, and grants are bounded", async () => {
  const { voter, clock } = votingVoter();
  assertEquals(ask(voter, "p", "").granted, false);
  assertEquals(ask(voter, "p", "n".repeat(256)).granted, false);
  assertEquals(ask(voter, "p", "n".repeat(255)).granted, true);
  for (let count = 1; count < 16_384; count++) ask(voter, "p", `name ${count}`);
  assertEquals(ask(voter, "p", "one more").why, "too many leases are held");
  assertEquals(ask(voter, "p", "name 1").granted, true);
  await clock.advance(TTL_MS);
  assertEquals(ask(voter, "p", "one more").granted, true);
});

/** Asks to share a name, or to have it alone. */
const askAs = (voter: Voter, holder: string, shared: boolean, waits = false) =>
  voter.ask({ group: GROUP, name: "x", holder, shared, waits });
const keepAs = (voter: Voter, holder: string, token: number, shared: boolean, isFirst = false) =>
  voter.keep({ group: GROUP, name: "x", holder, token, isFirst, shared });
const release = (voter: Voter, holder: string) => voter.release({ name: "x", holder });

Deno.test("any number share a name, or one has it alone", async () => {
  const { voter, clock } = votingVoter();
  assertEquals([askAs(voter, "r1", true).granted, askAs(voter, "r2", true).granted], [true, true]);
  assertEquals(askAs(voter, "w1", false).why, '"r1" and 1 other share it');
  release(voter, "r1");
  assertEquals(askAs(voter, "w1", false).why, '"r2" shares it');
  release(voter, "r2");
  assertEquals(askAs(voter, "w1", false).granted, true);
  assertEquals(askAs(voter, "r3", true).why, '"w1" has it');
  assertEquals(askAs(voter, "w2", false).why, '"w1" has it');
  // One that does not say which is alone, as all before there were others.
  await clock.advance(TTL_MS / 2);
  assertEquals(ask(voter, "old").granted, true);
  assertEquals(askAs(voter, "r4", true).granted, false);
});

Deno.test("whoever shares a name keeps it while others do, and a token in any order", () => {
  const { voter } = votingVoter(100);
  askAs(voter, "r1", true);
  askAs(voter, "r2", true);
  assertEquals(keepAs(voter, "r2", 102, true, true), true);
  assertEquals(keepAs(voter, "r1", 101, true, true), true);
  assertEquals(voter.learn().highest, 102);
  assertEquals(askAs(voter, "r3", true).highest, 102);
  // It asked when 102 was known.
  assertEquals(keepAs(voter, "r3", 102, true, true), false);
});

Deno.test("a voter that has started since takes renewals of all who share, and of one that does not share alone", () => {
  const { voter } = votingVoter();
  assertEquals(keepAs(voter, "r1", 50, true), true);
  assertEquals(keepAs(voter, "r2", 50, true), true);
  assertEquals(keepAs(voter, "w1", 60, false), false);
  assertEquals(askAs(voter, "w2", false).granted, false);
  release(voter, "r1");
  release(voter, "r2");
  assertEquals(keepAs(voter, "w1", 60, false), true);
  assertEquals(keepAs(voter, "r1", 50, true), false);
});

Deno.test("a grant that is shared is none that is not, whatever its holder asks for then", () => {
  const { voter } = votingVoter();
  askAs(voter, "r1", true);
  askAs(voter, "r2", true);
  assertEquals(askAs(voter, "r1", false).granted, false);
  // Kept as what it is.
  assertEquals(keepAs(voter, "r1", 101, false, true), true);
  assertEquals(askAs(voter, "r3", true).granted, true);
});

Deno.test("whoever waits to have a name alone keeps new ones from sharing it, for a while and no longer", async () => {
  const { voter, clock } = votingVoter();
  askAs(voter, "r1", true);
  keepAs(voter, "r1", 101, true, true);
  assertEquals(askAs(voter, "w1", false).granted, false);
  // It was tried once, and nobody waits.
  assertEquals(askAs(voter, "r2", true).granted, true);
  release(voter, "r2");
  askAs(voter, "w1", false, true);
  assertEquals(askAs(voter, "r2", true).why, "another one waits to have it alone");
  assertEquals(keepAs(voter, "r1", 101, true), true);
  await clock.advance(0.4 * TTL_MS - 1);
  assertEquals(askAs(voter, "r2", true).granted, false);
  await clock.advance(1);
  assertEquals(askAs(voter, "r2", true).granted, true);
  // It has had its turn.
  askAs(voter, "w1", false, true);
  release(voter, "r1");
  release(voter, "r2");
  assertEquals(askAs(voter, "r2", true).granted, false);
  assertEquals(askAs(voter, "w1", false, true).granted, true);
  keepAs(voter, "w1", 102, false, true);
  release(voter, "w1");
  assertEquals(askAs(voter, "r2", true).granted, true);
});

Deno.test("whoever waits for one that has it alone holds up nobody else", () => {
  const { voter } = votingVoter();
  askAs(voter, "w1", false);
  askAs(voter, "w2", false, true);
  release(voter, "w1");
  assertEquals(askAs(voter, "r1", true).granted, true);
});

Deno.test("names that somebody waits for are bounded as grants are", async () => {
  const { voter, clock } = votingVoter();
  const asks = (holder: string, name: string, shared: boolean) =>
    voter.ask({ group: GROUP, name, holder, shared, waits: true });
  for (let count = 0; count < 16_384; count++) {
    asks("r", `name ${count}`, true);
    asks("w", `name ${count}`, false);
    voter.release({ name: `name ${count}`, holder: "r" });
  }
  assertEquals(asks("r", "one more", true).granted, true);
  assertEquals(asks("r", "two more", true).why, "too many leases are held");
  await clock.advance(TTL_MS);
  assertEquals(asks("r", "two more", true).granted, true);
});

Deno.test("whoever waits keeps its turn where it was granted, until it is confirmed", () => {
  const { voter } = votingVoter(100);
  // The other voters refuse it, so it gives the grant back and asks again.
  assertEquals(askAs(voter, "w1", false, true).granted, true);
  release(voter, "w1");
  assertEquals(askAs(voter, "r1", true).granted, false);
  assertEquals(askAs(voter, "w1", false, true).granted, true);
  assertEquals(keepAs(voter, "w1", 101, false, true), true);
  release(voter, "w1");
  assertEquals(askAs(voter, "r1", true).granted, true);
});
