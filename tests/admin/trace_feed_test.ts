import type { CallTrace } from "@internode/grid";
import { assertEquals } from "@std/assert";
import { TraceFeed } from "../../lib/admin/trace_feed.ts";
import type { TraceBatch, TraceRequest } from "../../lib/admin/calls_contract.ts";
import type { Inspection } from "../../lib/rpc/inspection/inspection.ts";

const CALL: CallTrace = {
  direction: "incoming",
  kind: "single",
  handler: "disk.read",
  subroute: "",
  host: "ops",
  attempt: 1,
  durationMs: 5,
  error: null,
};

/** A feed, and what makes it hear of calls. */
function feedOf(request: TraceRequest = {}): {
  feed: TraceFeed;
  emit: (call?: Partial<CallTrace>) => void;
  isSubscribed: () => boolean;
} {
  const subscribers = new Set<(call: CallTrace) => void>();
  const face = {
    clock: { wallNow: () => 7 },
    trace: (subscriber: (call: CallTrace) => void) => {
      subscribers.add(subscriber);
      return () => subscribers.delete(subscriber);
    },
  } as unknown as Inspection;
  return {
    feed: new TraceFeed(face, request, () => {}),
    emit: (call = {}) => subscribers.forEach((subscriber) => subscriber({ ...CALL, ...call })),
    isSubscribed: () => subscribers.size > 0,
  };
}

async function read(feed: TraceFeed): Promise<TraceBatch> {
  return (await feed.next()).value as TraceBatch;
}

Deno.test("a reader that waits gets each call at once", async () => {
  const { feed, emit } = feedOf(), next = read(feed);
  emit();
  const { calls, lost } = await next;
  assertEquals([calls, lost], [[{ ...CALL, timeMs: 7 }], 0]);
});

Deno.test("a slow reader loses calls beyond 1,024, and is told how many", async () => {
  const { feed, emit } = feedOf();
  for (let count = 0; count < 1_500; count++) emit({ durationMs: count });
  const first = await read(feed);
  assertEquals([first.calls.length, first.lost, first.calls[0]!.durationMs], [128, 476, 0]);
  let left = 0;
  for (let count = 0; count < 7; count++) {
    const { calls, lost } = await read(feed);
    left += calls.length;
    assertEquals(lost, 0);
  }
  assertEquals(left, 1_024 - 128);
});

Deno.test("a feed has what was asked for", async () => {
  const odd: Partial<CallTrace>[] = [
    { handler: "other" },
    { error: null },
    { durationMs: 9 },
    { direction: "outgoing" },
    { host: "else" },
  ];
  const good = {
    handler: "disk.read",
    error: "Closed",
    durationMs: 10,
    direction: "incoming",
    host: "ops",
  } as const;
  const { feed, emit } = feedOf({
    handler: "disk.read",
    errorsOnly: true,
    slowerThanMs: 10,
    direction: "incoming",
    host: "ops",
  });
  for (const change of odd) emit({ ...good, ...change });
  emit(good);
  assertEquals((await read(feed)).calls.length, 1);
});

Deno.test("calls of admin are left out unless they are asked for", async () => {
  const every = feedOf(), own = feedOf({ handler: "internode.ping" });
  for (const { emit } of [every, own]) {
    emit({ handler: "internode.ping" });
    emit();
  }
  assertEquals((await read(every.feed)).calls.map(({ handler }) => handler), ["disk.read"]);
  assertEquals((await read(own.feed)).calls.map(({ handler }) => handler), ["internode.ping"]);
});

Deno.test("a feed that has ended gives what waits, and one that was left gives nothing", async () => {
  const ended = feedOf(), left = feedOf(), waiting = feedOf();
  for (const { emit } of [ended, left]) emit();
  ended.feed.end();
  assertEquals((await read(ended.feed)).calls.length, 1);
  assertEquals((await ended.feed.next()).done, true);
  await left.feed.return();
  assertEquals((await left.feed.next()).done, true);
  const next = waiting.feed.next();
  waiting.feed.end();
  assertEquals((await next).done, true);
  for (const { isSubscribed } of [ended, left, waiting]) assertEquals(isSubscribed(), false);
});
