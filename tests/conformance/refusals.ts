/**
 * Who is not let in, and how they learn why.
 *
 * @module
 */

import { type CallingPeer, sharedSecret } from "@internode/grid";
import { assert, assertEquals } from "@std/assert";
import { all, type Case, failure } from "./case.ts";
import { answer, count } from "./contracts.ts";
import type { Pair } from "./world.ts";
import { dials } from "../../lib/grid/dialler.ts";

const RIGHT = "the right secret of the grid", WRONG = "a secret of some other grid";

/** Both ends know the reason: one in the error that callers get, the other in its log. */
async function assertRefused(pair: Pair, words: RegExp): Promise<void> {
  const { first, second, until } = pair;
  const firstDials = dials(first.local, second.local);
  const [dialler, acceptor] = firstDials ? [first, second] : [second, first];
  const connection = dialler.connection(acceptor.local);
  const log = firstDials ? pair.secondLog : pair.firstLog;
  await until(() => log.lines.length > 0, "the acceptor's log");
  await until(() => connection.state === "disconnected", "the dialler knows it is refused");
  const error = await failure(connection.request(answer, "x"), "Unreachable");
  assertEquals(error.outcome, "notSent");
  assert(words.test(error.message), `the dialler is told: ${error.message}`);
  assert(log.lines.some((line) => words.test(line)), `the acceptor logs: ${log.lines.join("\n")}`);
  assert(acceptor.connection(dialler.local).state !== "connected");
}

export const REFUSALS: readonly Case[] = [
  {
    name: "nodes with the same secret connect",
    setup: {
      options: { auth: sharedSecret(RIGHT) },
      serve: (second) => second.handle(answer, (text) => text),
    },
    body: async ({ to }) => assertEquals(await to.request(answer, "x"), "x"),
  },
  {
    name: "a wrong secret is refused, and both ends know why",
    setup: {
      first: { auth: sharedSecret(RIGHT) },
      second: { auth: sharedSecret(WRONG) },
      connected: false,
    },
    body: (pair) => assertRefused(pair, /secret/),
  },
  {
    name: "a side without a secret is refused by one that has one, and both ends know why",
    setup: { first: { auth: sharedSecret(RIGHT) }, connected: false },
    body: (pair) => assertRefused(pair, /secret/),
  },
  {
    name: "clocks that differ by more than is allowed are refused, and both ends know why",
    setup: { skewMs: 600_000, connected: false },
    body: (pair) => assertRefused(pair, /clocks differ by -?600 s/),
  },
  {
    name: "a caller that a rule does not know is refused, for that call alone, and may be called",
    setup: {
      serve: (second, first) => {
        const allow = ({ host, subroute }: CallingPeer): boolean =>
          host === first.local && subroute === "open";
        second.handle(answer, (text) => text, { subroutes: ["open", "shut"], allow });
        second.handle(count, () => [1, 2], { allow });
        first.handle(answer, (text) => `${text}!`);
      },
    },
    body: async ({ first, second, to, secondLog }) => {
      for (let i = 0; i < 2; i++) {
        const refused = await failure(
          to.request(answer, "x", { subroute: "shut" }),
          "PermissionDenied",
        );
        assertEquals([refused.origin, refused.outcome], ["remote", "notExecuted"]);
        assert(refused.message.includes("may not call"), refused.message);
        await failure(all(to.stream(count, 2)), "PermissionDenied");
        assertEquals(await to.request(answer, "x", { subroute: "open" }), "x");
      }
      const back = second.connection(first.local);
      assertEquals(await back.request(answer, "x"), "x!");
      assertEquals(back.stats().refusedCalls, 4);
      assertEquals(secondLog.lines.length, 2, secondLog.lines.join("\n"));
    },
  },
];
