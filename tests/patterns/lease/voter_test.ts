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
