import { assertEquals } from "@std/assert";
import { VirtualClock } from "@internode/grid/testing";
import { LiveMesh } from "../../../lib/cli/web/live_mesh.ts";
import { FakeNodes } from "./fake_nodes.ts";

const A = "tcp://a:1", B = "tcp://b:1", C = "tcp://c:1";

function made(hosts: readonly string[], peers: boolean) {
  const clock = new VirtualClock(), nodes = new FakeNodes();
  const mesh = new LiveMesh({ hosts, peers, name: "tool", connect: nodes.connect, clock });
  const states = () => {
    const shown = mesh.state(0).nodes.filter(({ state }) => state !== "unasked");
    return Object.fromEntries(shown.map(({ id, state }) => [id, state]));
  };
  return {
    clock,
    nodes,
    mesh,
    states,
    async [Symbol.asyncDispose]() {
      const closing = mesh.close();
      // A node that does not answer is not waited for.
      await clock.advance(2_000);
      await closing;
      assertEquals([nodes.open, clock.pendingEvents], [0, 0]);
    },
  };
}

Deno.test("peers are found through others, and no longer shown when they have left, whoever named them first", async () => {
  await using world = made([A], true);
  const { answers } = world.nodes;
  answers.set(A, [B, "client-1", "memory://c"]).set(B, [A]);
  await world.clock.advance(3_000);
  assertEquals(world.states(), { [A]: "up", [B]: "up" });
  answers.delete(B);
  await world.clock.advance(15_000);
  assertEquals(world.states(), { [A]: "up", [B]: "down" }, "A still names it");
  answers.set(A, [C]).set(C, [A]);
  await world.clock.advance(15_000);
  assertEquals(world.states(), { [A]: "up", [C]: "up" });
  answers.set(C, []).delete(A);
  await world.clock.advance(15_000);
  assertEquals(world.states(), { [C]: "up" });
  answers.delete(C);
  await world.clock.advance(15_000);
  assertEquals(Object.values(world.states()), ["down"], "somebody must be left to ask");
});

Deno.test("without being told to, it asks nobody but those that it is given, and forgets none", async () => {
  await using world = made([A, C], false);
  world.nodes.answers.set(A, [B]).set(B, [A]);
  await world.clock.advance(30_000);
  assertEquals(world.states(), { [A]: "up", [C]: "down" });
});

Deno.test("64 nodes are asked at most", async () => {
  await using world = made([A], true);
  const many = Array.from({ length: 100 }, (_, at) => `tcp://n${at}:1`);
  world.nodes.answers.set(A, many);
  await world.clock.advance(3_000);
  assertEquals(world.mesh.watches.length, 64);
});

Deno.test("a node that stops answering is silent after two seconds, and hides no other", async () => {
  await using world = made([A, B], false);
  world.nodes.answers.set(A, []).set(B, []);
  await world.clock.advance(3_000);
  world.nodes.answers.set(A, "silent");
  await world.clock.advance(2_750);
  assertEquals(world.states(), { [A]: "silent", [B]: "up" });
});

Deno.test("points of charts are given once each", async () => {
  await using world = made([A], false);
  world.nodes.answers.set(A, []);
  await world.clock.advance(5_500);
  const first = world.mesh.state(0), { timeMs } = first;
  assertEquals([first.charts[""]!.length, first.charts[A]!.length], [5, 5]);
  assertEquals(world.mesh.state(timeMs).charts, {});
  await world.clock.advance(1_000);
  assertEquals(world.mesh.state(timeMs).charts[A]!.length, 1);
});
