/**
 * From the first connection to the goodbye.
 *
 * @module
 */

import type { CallTrace } from "@internode/grid";
import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { all, type Case, failure } from "./case.ts";
import { answer, count, echo, Signal, watch } from "./contracts.ts";

export const LIFECYCLE: readonly Case[] = [
  {
    name: "there is one connection, made by one side, and both see it",
    setup: {},
    body: async ({ first, second, to }) => {
      const back = second.connection(first.local);
      assertEquals([to.state, back.state], ["connected", "connected"]);
      assertEquals([first.connections().length, second.connections().length], [1, 1]);
      assertEquals([to.host, back.host], [second.local, first.local]);
      await Promise.all([to.waitForConnect(), back.waitForConnect()]);
      for (const { reconnects } of [to.stats(), back.stats()]) assertEquals(reconnects, 0);
    },
  },
  {
    name: "inline handlers answer in the batch, asynchronous ones when they settle",
    setup: {
      serve: (second) => {
        second.handle(answer, (text) => text);
        second.handle(echo, async (bytes) => {
          await Promise.resolve();
          return bytes;
        });
      },
    },
    body: async ({ first, second, to }) => {
      const back = second.connection(first.local);
      await to.request(answer, "agree on the name");
      const before = back.stats().batchesSent;
      const replies = await Promise.all(
        Array.from({ length: 50 }, (_, index) => to.request(answer, `${index}`)),
      );
      assertEquals(replies.length, 50);
      assert(back.stats().batchesSent - before <= 25, "answers of one turn share a batch");
      assertEquals(await to.request(echo, new Uint8Array([7])), new Uint8Array([7]));
    },
  },
  {
    name: "connections are counted",
    setup: {
      serve: (second) => {
        second.handle(answer, (text) => text);
        second.handle(
          watch,
          (_, __, { signal }) =>
            new Promise((resolve) => signal.addEventListener("abort", () => resolve())),
        );
      },
    },
    body: async ({ first, second, to, until }) => {
      const back = second.connection(first.local);
      const before = to.stats();
      for (let round = 0; round < 10; round++) await to.request(answer, "x".repeat(100));
      const after = to.stats();
      assertEquals(after.messagesSent - before.messagesSent, 10);
      assertEquals(after.messagesReceived - before.messagesReceived, 10);
      assertGreater(after.bytesSent - before.bytesSent, 1_000);
      assertGreater(after.bytesReceived - before.bytesReceived, 1_000);
      assertGreater(after.batchesSent, before.batchesSent);
      assertEquals([after.callsOut, after.streamsOpen, after.queuedBytes], [0, 0, 0]);
      const running = to.stream(watch, "");
      await until(() => back.stats().streamsOpen === 1, "the stream is open over there");
      assertEquals([to.stats().callsOut, to.stats().streamsOpen], [1, 1]);
      assertEquals(back.stats().callsIn, 1);
      const finished = failure(running.finished, "Cancelled");
      running.cancel();
      await finished;
      await until(() => back.stats().callsIn === 0 && to.stats().callsOut === 0, "all is over");
    },
  },
  {
    name: "pings are answered and measured",
    setup: { options: { pingIntervalMs: 10, livenessTimeoutMs: 5_000 } },
    body: async ({ to, until }) => {
      assertEquals([to.stats().lastPingMs, to.stats().roundTripMs], [null, null]);
      await until(() => to.stats().roundTripMs !== null, "a ping is answered");
      assert(to.stats().roundTripMs! >= 0 && to.stats().lastPingMs! > 1.6e12);
    },
  },
  {
    name: "a trace shows each call at both ends, until it is ended",
    setup: {
      serve: (second) => {
        second.handle(answer, (text) => {
          if (text === "bad") throw new Error("bad");
          return text;
        }, { subroutes: ["", "disk"] });
        second.handle(count, function* (many) {
          for (let value = 0; value < many; value++) yield value;
        });
      },
    },
    body: async ({ first, second, to, until }) => {
      const made: CallTrace[] = [], served: CallTrace[] = [];
      const untrace = [
        first.trace((call) => made.push(call)),
        second.trace((call) => served.push(call)),
      ];
      await to.request(answer, "x", { subroute: "disk" });
      await failure(to.request(answer, "bad"), "HandlerFailed");
      await all(to.stream(count, 3));
      await until(() => made.length === 3 && served.length === 3, "all is traced");
      const calls = [
        ["single", "answer", "disk", null],
        ["single", "answer", "", "HandlerFailed"],
        [
          "stream",
          "count",
          "",
          null,
        ],
      ];
      for (
        const [traces, direction, host] of [
          [made, "outgoing", second.local],
          [served, "incoming", first.local],
        ] as const
      ) {
        const seen = traces.map((call) => [call.kind, call.handler, call.subroute, call.error]);
        assertEquals(seen, calls);
        for (const call of traces) {
          assertEquals([call.direction, call.host], [direction, host]);
          assert(call.durationMs >= 0 && call.durationMs < 10_000);
        }
      }
      for (const end of untrace) end();
      await to.request(answer, "untraced");
      assertEquals([made.length, served.length], [3, 3]);
    },
  },
  {
    name: "closing lets running calls finish and takes no new ones",
    setup: {},
    body: async ({ first, second, to, until }) => {
      const gate = new Signal<string>(), started = new Signal();
      second.handle(answer, () => {
        started.fire();
        return gate.promise;
      });
      const back = second.connection(first.local);
      const running = to.request(answer, "x");
      await started.promise;
      const closing = second.close();
      await failure(back.request(answer, "y"), "Closed");
      await until(() => to.state !== "connected", "the peer has heard of it");
      const refused = await failure(to.request(answer, "z"), "Unreachable");
      assertEquals(refused.outcome, "notSent");
      gate.fire("finished in time");
      assertEquals(await running, "finished in time");
      await closing;
      assertEquals(back.state, "closed");
      await failure(back.request(answer, "y"), "Closed");
      await assertRejects(() => second.listen(), Error, "closed");
    },
  },
  {
    name: "what does not finish within the grace time ends as disconnected",
    setup: {},
    body: async ({ second, to }) => {
      const started = new Signal(), aborted = new Signal<unknown>();
      second.handle(answer, (_, { signal }) => {
        signal.addEventListener("abort", () => aborted.fire(signal.reason));
        started.fire();
        return new Promise<string>(() => {});
      });
      const running = failure(to.request(answer, "x"), "Disconnected");
      await started.promise;
      await second.close({ graceMs: 20 });
      const error = await running;
      assertEquals(error.outcome, "maybeExecuted");
      await aborted.promise;
    },
  },
  {
    name: "await using closes, and closing twice is one closing",
    setup: {},
    body: async ({ first, second, to, until }) => {
      {
        await using _disposed = second;
      }
      await Promise.all([second.close(), second.close()]);
      assertEquals(second.connection(first.local).state, "closed");
      await until(() => to.state !== "connected", "the peer has heard of it");
    },
  },
];
