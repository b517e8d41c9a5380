/**
 * What callers are told is what the answering side counts and shows.
 *
 * @module
 */

import { type CallTrace, type InternodeError, single } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { assertEquals } from "@std/assert";
import { type Case, failure } from "./case.ts";

const number = { request: t.uint(), response: t.uint() };
const fine = single("answers.fine", number);
const otherwise = single("answers.fine", { request: t.string(), response: t.uint() });
const refused = single("answers.refused", number);
const failing = single("answers.failing", number);
const nowhere = single("answers.nowhere", number);
const narrow = single("answers.narrow", number);
const large = single("answers.large", { request: t.uint(), response: t.string() });

function countsOf(codes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const code of codes.toSorted()) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}

/** Those counts that are not 0. */
function shown(counts: Readonly<Record<string, number>>): Record<string, number> {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  return Object.fromEntries(some.sort(([a], [b]) => a < b ? -1 : 1));
}

export const ANSWERS: readonly Case[] = [{
  name: "what callers are told is what the answering side counts and traces, a loss among it",
  setup: { first: { limits: { maxMessageBytes: 10_000 } } },
  body: async ({ first, second, to, until }) => {
    const traced: string[] = [], gates: (() => void)[] = [];
    const held = (value: number): Promise<number> =>
      new Promise((resolve) => gates.push(() => resolve(value)));
    second.trace(({ direction, error }: CallTrace) => {
      if (direction === "incoming") traced.push(error ?? "OK");
    });
    second.handle(fine, (value) => value);
    second.handle(refused, (value) => value, { allow: () => false });
    second.handle(failing, () => Promise.reject(new Error("It cannot.")));
    second.handle(narrow, held, { concurrency: 1, queue: 1 });
    second.handle(large, (length) => "x".repeat(length));

    const codeOf = (call: Promise<unknown>): Promise<string> =>
      call.then(() => "OK", (error: InternodeError) => error.code);
    const told = await Promise.all([
      codeOf(to.request(fine, 1)),
      codeOf(to.request(otherwise, "1")),
      codeOf(to.request(refused, 1)),
      codeOf(to.request(failing, 1)),
      codeOf(to.request(nowhere, 1)),
      codeOf(to.request(large, 10_001)),
    ]);
    // One runs, one waits, and one finds no place.
    const runs = codeOf(to.request(narrow, 1)), waits = codeOf(to.request(narrow, 2));
    told.push(await codeOf(to.request(narrow, 3)));
    gates[0]!();
    told.push(await runs);
    await until(() => gates.length === 2, "the second runs");
    gates[1]!();
    told.push(await waits);
    // One is given up, and one is lost with its connection.
    const giveUp = new AbortController();
    const givenUp = to.request(narrow, 4, { signal: giveUp.signal }).catch(() => "Cancelled");
    await until(() => gates.length === 3, "the third runs");
    giveUp.abort();
    told.push(await givenUp as string);
    const from = second.connections()[0]!;
    await until(() => from.stats().answeredCalls.Cancelled === 1, "it is counted");
    gates[2]!();
    assertEquals(shown(from.stats().answeredCalls), countsOf(told));
    assertEquals(countsOf(traced), countsOf(told));

    const lost = failure(to.request(narrow, 5), "Closed");
    await until(() => gates.length === 4, "the fourth runs");
    await first.close({ graceMs: 1 });
    await lost;
    await until(() => traced.length === told.length + 1, "the loss is seen");
    told.push("Disconnected");
    gates[3]!();
    assertEquals(countsOf(traced), countsOf(told));
    assertEquals(shown(from.stats().answeredCalls), countsOf(told));
  },
}];
