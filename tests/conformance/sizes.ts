/**
 * Large messages, and limits.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { all, type Case, failure, numbered } from "./case.ts";
import { answer, echo, pipe, Signal } from "./contracts.ts";

const MIB = 1024 * 1024;

/** Compares without the cost of a deep comparison. */
function assertSame(actual: Uint8Array, expected: Uint8Array): void {
  assertEquals(actual.length, expected.length);
  for (let at = 0; at < actual.length; at++) {
    if (actual[at] !== expected[at]) throw new Error(`byte ${at} is ${actual[at]}`);
  }
}

export const SIZES: readonly Case[] = [
  {
    name: "messages of every size around a border arrive as they were",
    setup: { serve: (second) => second.handle(echo, (bytes) => bytes) },
    body: async ({ to }) => {
      const sizes = [0, 1, 8_191, 8_192, 8_193, 65_535, 65_536, 65_537, 200_000];
      await Promise.all(sizes.map(async (size) => {
        const bytes = numbered(size, size);
        assertSame(await to.request(echo, bytes), bytes);
      }));
    },
  },
  {
    name: "20 MiB go there and back, in a request and in a stream",
    setup: {
      serve: (second) => {
        second.handle(echo, (bytes) => bytes);
        second.handle(pipe, async function* (initial, input) {
          yield initial;
          yield* input;
        });
      },
    },
    body: async ({ to }) => {
      const bytes = numbered(20 * MIB);
      assertSame(await to.request(echo, bytes), bytes);
      const running = to.stream(pipe, numbered(1));
      const sending = running.send(bytes).then(() => running.end());
      const [first, second] = await all(running);
      await sending;
      assertEquals(first, numbered(1));
      assertSame(second!, bytes);
      assertEquals(to.stats().reconnects, 0);
    },
  },
  {
    name: "small requests pass a large one that is under way",
    setup: {
      serve: (second) => {
        second.handle(echo, (bytes) => bytes);
        second.handle(answer, (text) => text);
      },
    },
    body: async ({ to }) => {
      let done = false;
      const large = to.request(echo, numbered(8 * MIB)).then((bytes) => {
        done = true;
        return bytes.length;
      });
      assertEquals(await to.request(answer, "first"), "first");
      assert(!done, "the large one was not in the way");
      assertEquals(await large, 8 * MIB);
    },
  },
  {
    name: "small requests of a handler are answered while a response of any size waits to be read",
    setup: {
      serve: (second) =>
        second.handle(echo, (bytes) => bytes.length === 0 ? numbered(16 * MIB) : bytes),
    },
    body: async ({ to }) => {
      let done = false, answered = 0;
      const large = to.request(echo, numbered(0)).then((bytes) => {
        done = true;
        return bytes.length;
      });
      while (!done) {
        const small = Array.from({ length: 10 }, (_, at) => to.request(echo, numbered(100, at)));
        answered += (await Promise.all(small)).length;
      }
      assertEquals(await large, 16 * MIB);
      assert(answered > 0);
    },
  },
  {
    name: "an oversize message is refused where it is sent, by the name of the limit",
    setup: {
      second: { limits: { maxMessageBytes: 10_000 } },
      serve: (second) => {
        second.handle(echo, (bytes) => bytes);
        second.handle(pipe, async function* (_, input) {
          yield* input;
        });
      },
    },
    body: async ({ to }) => {
      const error = await failure(to.request(echo, numbered(10_001)), "MessageTooLarge");
      assertStringIncludes(error.message, "maxMessageBytes");
      assertStringIncludes(error.message, "10000");
      assertEquals(error.outcome, "notSent");
      const running = to.stream(pipe, numbered(1));
      await failure(running.send(numbered(10_001)), "MessageTooLarge");
      await running.send(numbered(5));
      running.end();
      assertEquals(await all(running), [numbered(5)]);
      assertEquals((await to.request(echo, numbered(10_000))).length, 10_000);
    },
  },
  {
    name: "an oversize answer fails its call alone",
    setup: {
      first: { limits: { maxMessageBytes: 10_000 } },
      serve: (second) => second.handle(answer, (text) => text.repeat(10_000)),
    },
    body: async ({ to }) => {
      const error = await failure(to.request(answer, "ab"), "MessageTooLarge");
      assertEquals(error.outcome, "executed");
      assertStringIncludes(error.message, "maxMessageBytes");
      assertEquals((await to.request(answer, "")).length, 0);
    },
  },
  {
    name: "an aborted large request is given up, and the next ones pass",
    setup: { serve: (second) => second.handle(echo, (bytes) => bytes) },
    body: async ({ to }) => {
      const controller = new AbortController();
      const aborted = to.request(echo, numbered(8 * MIB), { signal: controller.signal })
        .then(() => "answered", (error) => error);
      await to.request(echo, numbered(1));
      controller.abort("no longer");
      assertEquals(await aborted, "no longer");
      for (let round = 0; round < 3; round++) {
        assertEquals((await to.request(echo, numbered(MIB))).length, MIB);
      }
      assertEquals(to.stats().callsOut, 0);
    },
  },
  {
    name: "what waits for room is sent when what took it is given up",
    setup: {
      second: { limits: { receiveBudgetBytes: 65_536, maxMessageBytes: 50_000 } },
      serve: (second) => second.handle(echo, (bytes) => bytes),
    },
    body: async ({ to }) => {
      const controller = new AbortController();
      const given = to.request(echo, numbered(50_000), { signal: controller.signal })
        .then(() => "answered", (error) => error);
      const waiting = to.request(echo, numbered(50_000));
      controller.abort("given up");
      assertEquals(await given, "given up");
      assertEquals((await waiting).length, 50_000);
    },
  },
  {
    name: "no more calls run at a time than the peer takes; the others wait for their turn",
    setup: { second: { limits: { maxCalls: 2 } } },
    body: async ({ to, second, until }) => {
      const gates: Signal<string>[] = [];
      second.handle(answer, () => {
        const gate = new Signal<string>();
        gates.push(gate);
        return gate.promise;
      });
      const running = Array.from({ length: 3 }, () => to.request(answer, ""));
      // Those before it may wait longer than it may.
      const waiting = failure(to.request(answer, "", { timeoutMs: 30 }), "DeadlineExceeded");
      await until(() => gates.length === 2, "two calls run");
      const error = await waiting;
      assertEquals(error.outcome, "notSent");
      assertEquals(gates.length, 2);
      gates[0]!.fire("1");
      await until(() => gates.length === 3, "the third call runs");
      for (const gate of gates) gate.fire("1");
      assertEquals(await Promise.all(running), ["1", "1", "1"]);
    },
  },
];
