import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { addAbortListener } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { abort, guardedController } from "../../lib/runtime/abort.ts";
import type { EventLogger } from "../../lib/foreign/log_event.ts";
import { RUNTIME } from "../support/permitted.ts";

// A test fails, on each runtime, when anything is thrown that nobody catches.

class Log implements EventLogger {
  readonly lines: string[] = [];
  debug(): void {}
  info(): void {}
  warn(): void {}
  error(message: string, { event, what }: { event: string; what?: unknown }): void {
    this.lines.push(message);
    assertEquals([event, what], ["callback_failed", "abort listener"]);
  }
}

const threw = (why: string): string => `A listener of the signal of a test threw an error: ${why}.`;

function failing(why: string): () => never {
  return () => {
    throw new Error(why);
  };
}

/** Until everything has been thrown that is to be: in later turns of the loop. */
async function turns(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}

Deno.test("what listeners throw, of each kind, is logged, and the others are called", async () => {
  const log = new Log(), controller = guardedController(log, "a test"), { signal } = controller;
  const heard: unknown[] = [];
  signal.addEventListener("abort", failing("one"));
  signal.addEventListener("abort", { handleEvent: failing("two") });
  // deno-lint-ignore require-await -- the promise is the matter
  signal.addEventListener("abort", async () => {
    throw new Error("three");
  });
  signal.addEventListener("abort", (event) => heard.push(event.type, event.target === signal));
  signal.addEventListener("abort", function (this: unknown) {
    heard.push(this === signal);
  });
  signal.onabort = failing("four");
  abort(controller, "the reason");
  await turns();
  assertEquals(heard, ["abort", true, true]);
  assertEquals([signal.aborted, signal.reason], [true, "the reason"]);
  assertEquals(log.lines.toSorted(), ["four", "one", "three", "two"].map(threw));
});

Deno.test("listeners are added once, once only, and removed, as everywhere else", () => {
  const log = new Log(), controller = guardedController(log, "a test"), { signal } = controller;
  const heard: string[] = [];
  const twice = (): void => void heard.push("twice"), gone = failing("is gone");
  for (let i = 0; i < 2; i++) signal.addEventListener("abort", twice);
  signal.addEventListener("abort", gone);
  signal.removeEventListener("abort", gone);
  const object = { handleEvent: gone };
  signal.addEventListener("abort", object, { once: true });
  signal.removeEventListener("abort", object);
  const left = new AbortController();
  signal.addEventListener("abort", gone, { signal: left.signal });
  left.abort();
  signal.onabort = gone;
  assertStrictEquals(signal.onabort, gone);
  signal.onabort = twice;
  assertStrictEquals(signal.onabort, twice);
  signal.onabort = null;
  assertStrictEquals(signal.onabort, null);
  signal.addEventListener("else", () => heard.push("else"));
  signal.dispatchEvent(new Event("else"));
  abort(controller, new Error());
  abort(controller, new Error());
  assertEquals(heard, ["else", "twice"]);
  assertEquals(log.lines, []);
});

Deno.test("it is a signal for all that takes one", async () => {
  const controller = guardedController(new Log(), "a test"), { signal } = controller;
  assert(signal instanceof AbortSignal);
  assertEquals(Object.prototype.toString.call(signal), "[object AbortSignal]");
  signal.throwIfAborted();
  let heard = 0;
  addAbortListener(signal, () => heard++);
  const either = AbortSignal.any([signal, new AbortController().signal]);
  const slept = sleep(60_000, undefined, { signal }).catch((error) => error);
  const request = new Request("http://127.0.0.1:9", { signal });
  const fetched = fetch(request).catch((error) => error);
  abort(controller, undefined);
  assertEquals([heard, either.aborted, request.signal.aborted], [1, true, true]);
  assertEquals((await slept).name, "AbortError");
  assertEquals((await fetched) instanceof Error, true);
});

Deno.test("what listeners of a signal made of it throw is logged on Deno", {
  ignore: RUNTIME !== "deno",
}, async () => {
  const log = new Log(), controller = guardedController(log, "a test");
  AbortSignal.any([controller.signal]).addEventListener("abort", failing("of any"));
  abort(controller, "the reason");
  await turns();
  assertEquals(log.lines, [threw("of any")]);
});
