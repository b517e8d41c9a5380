import { assertEquals } from "@std/assert";
import type { TracedCall, TraceRequest } from "@internode/grid/admin";
import { VirtualClock } from "@internode/grid/testing";
import { NodeWatch } from "../../../lib/cli/web/node_watch.ts";
import { TraceFollower } from "../../../lib/cli/web/trace_follower.ts";
import { FakeNodes } from "./fake_nodes.ts";

const A = "tcp://a:1", B = "tcp://b:1";

function callAt(timeMs: number): TracedCall {
  return {
    timeMs,
    direction: "incoming",
    kind: "single",
    handler: "cart.read",
    subroute: "s",
    host: "x",
    attempt: 1,
    durationMs: 1,
    error: null,
  };
}

async function made() {
  const clock = new VirtualClock(), nodes = new FakeNodes();
  nodes.answers.set(A, []).set(B, []);
  const watches = [A, B].map((host) => new NodeWatch(host, nodes.connect, clock));
  await clock.advance(100);
  return {
    clock,
    nodes,
    follow: (filter = {}) => new TraceFollower(() => watches, filter, clock),
    async [Symbol.asyncDispose]() {
      await Promise.all(watches.map((watch) => watch.close()));
      assertEquals(clock.pendingEvents, 0);
    },
  };
}

Deno.test("calls of all nodes come in the order of time; more than 500 at a time are counted alone", async () => {
  await using world = await made();
  const asked: [string, TraceRequest][] = [];
  world.nodes.trace = async function* (host, request) {
    asked.push([host, request]);
    const from = host === A ? 1 : 0;
    yield { lost: 3, calls: Array.from({ length: 300 }, (_, at) => callAt(2 * at + from)) };
    await new Promise(() => {});
  };
  const follower = world.follow({ errorsOnly: true });
  await world.clock.settle();
  assertEquals(asked, [[A, { errorsOnly: true }], [B, { errorsOnly: true }]]);
  const { calls, lost, problems } = follower.take();
  assertEquals([calls.length, lost, problems], [500, 106, []]);
  assertEquals(calls.slice(0, 2).map(({ node, handler }) => [node, handler]), [
    [B, "cart.read/s"],
    [A, "cart.read/s"],
  ]);
  assertEquals(follower.take(), { type: "trace", calls: [], lost: 0, problems: [] });
  follower.close();
});

Deno.test("one node alone is asked if that is wanted, and asked again after a loss, which is told", async () => {
  await using world = await made();
  const asked: string[] = [];
  world.nodes.trace = async function* (host) {
    asked.push(host);
    if (asked.length === 1) throw new Error("lost");
    yield { lost: 0, calls: [callAt(1)] };
    await new Promise(() => {});
  };
  const follower = world.follow({ node: B });
  await world.clock.settle();
  assertEquals(follower.take().problems, [`${B}: lost.`]);
  await world.clock.advance(1_100);
  const { calls, problems } = follower.take();
  assertEquals([asked, calls.length, problems], [[B, B], 1, []]);
  follower.close();
});

Deno.test("whoever is closed leaves all traces", async () => {
  await using world = await made();
  let left = 0;
  world.nodes.trace = async function* () {
    try {
      for (;;) {
        yield { lost: 0, calls: [] };
        await new Promise<void>((resolve) => world.clock.setTimer(50, resolve));
      }
    } finally {
      left++;
    }
  };
  const follower = world.follow();
  await world.clock.advance(200);
  follower.close();
  await world.clock.advance(100);
  assertEquals(left, 2);
});
