import { VirtualClock } from "@internode/grid/testing";
import { assertEquals } from "@std/assert";
import type { LearnReply, VoterState } from "../../../lib/patterns/lease/lease_contracts.ts";
import { Voter } from "../../../lib/patterns/lease/voter.ts";
import { recover } from "../../../lib/patterns/lease/voter_recovery.ts";

const TTL_MS = 1_000, SEED = 500;

const reply = (state: VoterState, highest: number): LearnReply => ({ state, highest });

/** What becomes of a voter of so many, whose others answer like this, one list after the other. */
async function recovered(
  count: number,
  answers: readonly (readonly LearnReply[])[],
): Promise<{ voter: LearnReply; asked: number; seeded: number[]; tookMs: number }> {
  const clock = new VirtualClock(), stop = new AbortController(), seeded: number[] = [];
  const voter = new Voter(clock, "group", TTL_MS, SEED);
  let asked = 0;
  const recovering = recover({
    voter,
    clock,
    ttlMs: TTL_MS,
    count,
    learn: () => Promise.resolve(answers[Math.min(asked++, answers.length - 1)]!),
    onSeeded: (highest) => seeded.push(highest),
    signal: stop.signal,
  });
  await clock.advance(1.1 * TTL_MS - 1);
  assertEquals([voter.learn().state, asked], ["silent", 0]);
  await clock.advance(10 * TTL_MS);
  stop.abort();
  await recovering;
  return { voter: voter.learn(), asked, seeded, tookMs: clock.elapsedMs };
}

Deno.test("a voter learns the highest token from a majority that votes, and its clock counts for nothing", async () => {
  const { voter, asked, seeded } = await recovered(3, [[reply("voting", 7), reply("voting", 9)]]);
  assertEquals([voter, asked, seeded], [reply("voting", 9), 1, []]);
});

Deno.test("it goes on asking while neither a majority votes nor too many are blank", async () => {
  const { voter, asked } = await recovered(3, [
    [],
    [reply("voting", 7)],
    [reply("voting", 7), reply("silent", 900)],
    [reply("voting", 7), reply("voting", 8)],
  ]);
  assertEquals([voter, asked], [reply("voting", 8), 4]);
  const never = await recovered(3, [[reply("voting", 7), reply("silent", 900)]]);
  assertEquals([never.voter.state, never.seeded], ["blank", []]);
});

Deno.test("where no majority can remember, tokens go on from the highest of all, and of the clocks", async () => {
  const cases: readonly [count: number, answers: LearnReply[], highest: number][] = [
    [1, [], SEED],
    [2, [], SEED],
    [3, [reply("blank", 400)], SEED],
    [3, [reply("blank", 600), reply("silent", 900)], 600],
    [3, [reply("blank", 400), reply("voting", 700)], 700],
    [5, [reply("voting", 1), reply("blank", 600), reply("blank", 2), reply("voting", 800)], 800],
  ];
  for (const [count, answers, highest] of cases) {
    const { voter, seeded } = await recovered(count, [answers]);
    assertEquals([voter, seeded], [reply("voting", highest), [highest]], JSON.stringify(answers));
  }
});

Deno.test("of five, two that are blank are too few to give up what three know", async () => {
  const { voter } = await recovered(5, [[
    reply("blank", 600),
    reply("voting", 1),
    reply("voting", 2),
  ]]);
  assertEquals(voter.state, "blank");
});
