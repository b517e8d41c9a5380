/**
 * Single requests.
 *
 * @module
 */

import { HandlerError, InternodeError } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { single } from "@internode/grid";
import { assert, assertEquals, assertStrictEquals, assertStringIncludes } from "@std/assert";
import { type Case, failure, numbered, reason } from "./case.ts";
import { answer, collect, count, echo, fail, presence, Signal } from "./contracts.ts";

export const REQUESTS: readonly Case[] = [
  {
    name: "requests are answered, in both directions, many at a time",
    setup: {
      serve: (second, first) => {
        for (const manager of [first, second]) {
          manager.handle(answer, (text) => `${text} from ${manager.local}`);
        }
      },
    },
    body: async ({ first, second, to }) => {
      const asked = Array.from({ length: 200 }, (_, index) => to.request(answer, `${index}`));
      const replies = await Promise.all(asked);
      replies.forEach((reply, index) => assertEquals(reply, `${index} from ${second.local}`));
      const back = second.connection(first.local);
      assertEquals(await back.request(answer, "hello"), `hello from ${first.local}`);
    },
  },
  {
    name: "answers come in any order: a slow handler holds up nobody",
    setup: () => {
      const gates = new Map<string, Signal<string>>();
      return {
        serve: (second) =>
          second.handle(answer, (text) => {
            if (!text.startsWith("wait")) {
              for (const gate of gates.values()) gate.fire(`after ${text}`);
              return text;
            }
            const gate = new Signal<string>();
            gates.set(text, gate);
            return gate.promise;
          }),
      };
    },
    body: async ({ to }) => {
      const slow = [to.request(answer, "wait 1"), to.request(answer, "wait 2")];
      assertEquals(await to.request(answer, "go"), "go");
      assertEquals(await Promise.all(slow), ["after go", "after go"]);
    },
  },
  {
    name: "an unknown handler is an error for that call alone",
    setup: { serve: (second) => second.handle(echo, (bytes) => bytes) },
    body: async ({ to }) => {
      const [unknown, fine] = await Promise.all([
        failure(to.request(answer, "x"), "UnknownHandler"),
        to.request(echo, numbered(3)),
      ]);
      assertEquals(fine, numbered(3));
      assertEquals([unknown.outcome, unknown.handler, unknown.host], [
        "notExecuted",
        "answer",
        to.host,
      ]);
      assertStringIncludes(unknown.message, "answer");
      assertEquals(to.state, "connected");
      assertEquals(to.stats().reconnects, 0);
    },
  },
  {
    name: "a name of the other kind is an error for that call alone",
    setup: {
      serve: (second) => {
        second.handle(answer, (text) => text);
        second.handle(count, function* () {});
      },
    },
    body: async ({ to }) => {
      const asStream = { ...count, name: "answer" }, asSingle = { ...answer, name: "count" };
      await failure(to.stream(asStream, 1).finished, "UnknownHandler");
      await failure(to.request(asSingle, "x"), "UnknownHandler");
      assertEquals(await to.request(answer, "still here"), "still here");
    },
  },
  {
    name: "a handler that throws fails its call: the message travels, the stack does not",
    setup: {
      serve: (second) => {
        second.handle(answer, (text) => {
          if (text === "sync") throw new TypeError("thrown at once");
          return Promise.reject(text === "text" ? "only a text" : new Error("thrown later"));
        });
        second.handle(fail, (text) => {
          throw new HandlerError(`no ${text}`, { missing: 3 });
        });
      },
    },
    body: async ({ to }) => {
      for (
        const [text, told] of [["sync", "at once"], ["async", "later"], ["text", "only a text"]]
      ) {
        const error = await failure(to.request(answer, text!), "HandlerFailed");
        assertStringIncludes(error.message, told!);
        assertEquals([error.origin, error.outcome], ["remote", "executed"]);
        assertEquals([error.host, error.handler], [to.host, "answer"]);
        assert(!error.message.includes(".ts:") && error.detail === undefined, error.message);
      }
      const error = await failure(to.request(fail, "stock"), "HandlerFailed");
      assertEquals(error.detail, { missing: 3 });
      assertStringIncludes(error.message, "no stock");
      assertEquals(to.stats().reconnects, 0);
    },
  },
  {
    name: "a detail that does not fit the contract does not hide the failure",
    setup: {
      serve: (second) =>
        second.handle(fail, () => {
          throw new HandlerError("out of stock", { missing: "three" });
        }),
    },
    body: async ({ to }) => {
      const error = await failure(to.request(fail, "x"), "HandlerFailed");
      assertStringIncludes(error.message, "out of stock");
      assertEquals(error.detail, undefined);
    },
  },
  {
    name: "null, empty and absent payloads stay distinct",
    setup: { serve: (second) => second.handle(presence, (value) => value) },
    body: async ({ to }) => {
      for (const value of [null, "", "x", undefined]) {
        assertStrictEquals(await to.request(presence, value), value);
      }
    },
  },
  {
    name: "what does not fit its contract is refused where it is seen first",
    setup: {
      serve: (second) => second.handle(answer, (text) => text === "bad" ? 7 as never : text),
    },
    body: async ({ to }) => {
      const local = await failure(to.request(answer, 7 as never), "InvalidPayload");
      assertEquals(local.outcome, "notSent");
      const numbers = single("answer", { request: t.uint(), response: t.string() });
      const remote = await failure(to.request(numbers, 7), "InvalidPayload");
      assertEquals(remote.outcome, "notExecuted");
      assertStringIncludes(
        (await failure(to.request(answer, "bad"), "HandlerFailed")).message,
        "response cannot be sent",
      );
      const misread = single("answer", { request: t.string(), response: t.uint() });
      const answered = await failure(to.request(misread, "fine"), "InvalidPayload");
      assertEquals(answered.outcome, "executed");
      assertEquals(await to.request(answer, "still here"), "still here");
    },
  },
  {
    name: "an aborted caller gets its reason at once, and the handler's signal aborts",
    setup: {},
    body: async ({ to, second }) => {
      const started = new Signal(), aborted = new Signal<unknown>();
      second.handle(answer, async (_, { signal }) => {
        signal.addEventListener("abort", () => aborted.fire(signal.reason));
        started.fire();
        await aborted.promise;
        return "too late";
      });
      const controller = new AbortController(), why = new Error("changed my mind");
      const asked = reason(to.request(answer, "x", { signal: controller.signal }));
      await started.promise;
      controller.abort(why);
      assertStrictEquals(await asked, why);
      const heard = await aborted.promise;
      assert(heard instanceof InternodeError && heard.code === "Cancelled");
      assertStringIncludes(heard.message, "changed my mind");
      assertStrictEquals(
        await reason(to.request(answer, "x", { signal: AbortSignal.abort(why) })),
        why,
      );
    },
  },
  {
    name: "a deadline ends the call at its caller and in its handler",
    setup: {},
    body: async ({ to, second }) => {
      const aborted = new Signal<unknown>();
      let leftMs = NaN;
      second.handle(answer, async (_, { signal, deadline }) => {
        leftMs = deadline;
        signal.addEventListener("abort", () => aborted.fire(signal.reason));
        await aborted.promise;
        return "too late";
      });
      const error = await failure(to.request(answer, "x", { timeoutMs: 40 }), "DeadlineExceeded");
      // Where the handler's side is the first to see the deadline, it tells the caller that it has begun.
      assertEquals(error.outcome, error.origin === "remote" ? "executed" : "maybeExecuted");
      const heard = await aborted.promise;
      assert(heard instanceof InternodeError && heard.code === "DeadlineExceeded");
      assert(leftMs < Infinity);
      const past = await failure(to.request(answer, "x", { timeoutMs: 0 }), "DeadlineExceeded");
      assertEquals(past.outcome, "notSent");
      await failure(to.request(answer, "x", { timeoutMs: NaN }), "InvalidArgument");
    },
  },
  {
    name: "a handler knows its caller, subroute and metadata",
    setup: {
      serve: (second) => {
        second.handle(
          answer,
          (text, { caller, subroute, metadata, deadline }) =>
            JSON.stringify({ text, caller, subroute, metadata, endless: deadline === Infinity }),
          { subroutes: ["disk 1", "disk 2", ""] },
        );
      },
    },
    body: async ({ first, to }) => {
      const asked = await to.request(answer, "x", {
        subroute: "disk 2",
        metadata: { trace: "abc", "schlüssel": "ü" },
        timeoutMs: Infinity,
      });
      assertEquals(JSON.parse(asked), {
        text: "x",
        caller: first.local,
        subroute: "disk 2",
        metadata: { trace: "abc", "schlüssel": "ü" },
        endless: true,
      });
      const plain = JSON.parse(await to.request(answer, "x"));
      assertEquals([plain.subroute, plain.metadata, plain.endless], ["", {}, false]);
      const error = await failure(
        to.request(answer, "x", { subroute: "disk 3" }),
        "UnknownHandler",
      );
      assertStringIncludes(error.message, "disk 3");
      await failure(to.request(answer, "x", { subroute: "d".repeat(256) }), "InvalidArgument");
      const large = { trace: "x".repeat(5_000) };
      await failure(to.request(answer, "x", { metadata: large }), "InvalidArgument");
      assertEquals(JSON.parse(await to.request(answer, "y")).text, "y");
    },
  },
  {
    name: "concurrency is limited: so many run, so many wait, the rest is turned away",
    setup: {},
    body: async ({ to, second, until }) => {
      const gates: Signal<string>[] = [];
      second.handle(answer, () => {
        const gate = new Signal<string>();
        gates.push(gate);
        return gate.promise;
      }, { concurrency: 2, queue: 1 });
      const running = [to.request(answer, "1"), to.request(answer, "2"), to.request(answer, "3")];
      const error = await failure(to.request(answer, "4"), "Overloaded");
      assertEquals([error.outcome, error.origin], ["notExecuted", "remote"]);
      assertEquals(gates.length, 2);
      gates[0]!.fire("first");
      assertEquals(await running[0], "first");
      await until(() => gates.length === 3, "the third call runs");
      gates[1]!.fire("second");
      gates[2]!.fire("third");
      assertEquals(await Promise.all(running), ["first", "second", "third"]);
    },
  },
  {
    name: "a call that no longer waits leaves its place in the queue",
    setup: {},
    body: async ({ first, to, second, until }) => {
      const gates: Signal<string>[] = [];
      second.handle(answer, () => {
        const gate = new Signal<string>();
        gates.push(gate);
        return gate.promise;
      }, { concurrency: 1, queue: 1 });
      const running = to.request(answer, "1");
      const controller = new AbortController();
      const waiting = reason(to.request(answer, "2", { signal: controller.signal }));
      await failure(to.request(answer, "3"), "Overloaded");
      controller.abort(new Error("no longer"));
      await waiting;
      const back = second.connection(first.local);
      await until(() => back.stats().callsIn === 1, "the second call is cancelled over there");
      const next = to.request(answer, "4");
      await until(() => back.stats().callsIn === 2, "the fourth call waits");
      gates[0]!.fire("first");
      assertEquals(await running, "first");
      await until(() => gates.length === 2, "the fourth call runs");
      gates[1]!.fire("fourth");
      assertEquals(await next, "fourth");
    },
  },
  {
    name: "a name can be taken once",
    setup: { serve: (second) => second.handle(answer, (text) => text) },
    body: async ({ second, to }) => {
      for (
        const again of [() => second.handle(answer, (text) => text), () => {
          second.handle({ ...collect, name: "answer" }, () => {});
        }]
      ) {
        const error = await failure(Promise.resolve().then(again), "InvalidArgument");
        assertStringIncludes(error.message, "answer");
      }
      assertEquals(await to.request(answer, "x"), "x");
    },
  },
];
