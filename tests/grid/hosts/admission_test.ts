import {
  allowNames,
  type AllowRule,
  type Connection,
  InternodeError,
  Manager,
  type ManagerOptions,
  single,
} from "@internode/grid";
import * as t from "@internode/grid/codec";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { dials } from "../../../lib/grid/dialler.ts";
import { freePorts } from "../../../tools/network/free_ports.ts";
import { until } from "../../conformance/world.ts";
import { configOf, TestAuthority } from "../../support/certificates/test_authority.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { ProvenTransport } from "../../support/network/proven_transport.ts";
import { NET } from "../../support/permitted.ts";
import { simulatedGrid } from "../../support/simulation/simulated_grid.ts";

const echo = single("echo", { request: t.uint(), response: t.uint() });
const admit = allowNames("*.storage.example");
const authority = await TestAuthority.root("authority");
const ignore = !NET;

/** A node whose certificate has its URL, and a DNS name of its role. */
async function nodeOf(
  local: string,
  role: string,
  options: Partial<ManagerOptions>,
): Promise<Manager> {
  const names = [{ type: "uri", value: local }, { type: "dns", value: `${role}.example` }] as const;
  const tls = configOf(await authority.node(local, { names }), authority);
  const hosts = [local];
  const node = new Manager({ local, hosts, tls, logger: new QuietLogger(), ...options });
  node.handle(echo, (value) => value);
  return node;
}

/** Two hosts, of which the one that is there already dials, or the newcomer. */
function pairWhere(newcomerDials: boolean): [there: string, newcomer: string] {
  for (;;) {
    const [one, two] = freePorts(2).map((port) => `tls://127.0.0.1:${port}`) as [string, string];
    if (dials(two, one) === newcomerDials) return [one, two];
  }
}

for (const newcomerDials of [true, false]) {
  const who = newcomerDials ? "dials" : "is dialled";
  Deno.test({
    name: `a newcomer that ${who} is admitted by its certificate, until it goes`,
    ignore,
    async fn() {
      const [one, two] = pairWhere(newcomerDials);
      await using there = await nodeOf(one, "a.storage", { admit });
      await there.listen();
      let held: Connection;
      {
        await using newcomer = await nodeOf(two, "b.storage", { admit, hosts: [one, two] });
        await newcomer.listen();
        await newcomer.waitForConnect({ timeoutMs: 5_000 });
        assertEquals(await newcomer.connection(one).request(echo, 1), 1);
        await until(() => there.connections().length === 1, "the newcomer to be a peer");
        assertEquals(await there.connection(two).request(echo, 2), 2);
        assertEquals(there.hosts, [one]);
        held = there.connection(two);
      }
      await until(() => there.connections().length === 0, "the newcomer to be gone");
      assertThrows(() => there.connection(two), InternodeError, "is not a peer");
      // It was never listed.
      await assertRejects(
        () => held.request(echo, 3),
        InternodeError,
        "is not listed by",
      );
    },
  });

  Deno.test({
    name:
      `an admitted newcomer that ${who} and is listed stays; taken off the list, it is not admitted again`,
    ignore,
    async fn() {
      const [one, two] = pairWhere(newcomerDials);
      await using there = await nodeOf(one, "a.storage", { admit });
      await there.listen();
      await using newcomer = await nodeOf(two, "b.storage", { admit, hosts: [one, two] });
      await newcomer.listen();
      await newcomer.waitForConnect({ timeoutMs: 5_000 });
      await until(() => there.connections()[0]?.state === "connected", "the newcomer to be a peer");
      const held = there.connection(two), states: string[] = [];
      held.onStateChange((state) => states.push(state));
      assertEquals(there.setHosts([one, two]).joined, [two]);
      assertEquals([there.connection(two) === held, held.state, states], [true, "connected", []]);
      there.setHosts([one], { graceMs: 0 });
      assertEquals(there.connections(), []);
      const lost = newcomer.connection(one);
      await until(() => lost.state !== "connected", "the newcomer to hear that");
      const refused = await newcomer.connection(one).request(echo, 1, {
        timeoutMs: 1_500,
        waitForReady: true,
      }).catch((error) => error);
      assert(refused instanceof InternodeError);
      assertEquals([refused.outcome, there.connections().length], ["notSent", 0]);
      there.setHosts([one, two]);
      await newcomer.waitForConnect({ timeoutMs: 5_000 });
      assertEquals(await newcomer.connection(one).request(echo, 3), 3);
    },
  });

  Deno.test({
    name: `a newcomer that ${who} and whose certificate is not admitted stays out`,
    ignore,
    async fn() {
      let asked = 0;
      const rules: AllowRule[] = [
        allowNames("*.web.example"),
        () => ++asked > 1_000,
        (() => Promise.reject(new Error("later"))) as unknown as AllowRule,
        () => {
          throw new Error("a fault");
        },
      ];
      await Promise.all(rules.map(async (rule) => {
        const [one, two] = pairWhere(newcomerDials);
        await using there = await nodeOf(one, "a.storage", { admit: rule });
        await there.listen();
        await using newcomer = await nodeOf(two, "b.storage", { admit, hosts: [one, two] });
        await newcomer.listen();
        const failure = await newcomer.connection(one).request(echo, 1, {
          timeoutMs: 1_200,
          waitForReady: true,
        }).catch((error) => error);
        assert(failure instanceof InternodeError);
        assertEquals([failure.outcome, there.connections().length], ["notSent", 0]);
      }));
      assert(asked > 0);
    },
  });
}

Deno.test({
  name: "who listed each other before is not disturbed by introductions",
  ignore,
  async fn() {
    const hosts = freePorts(3).map((port) => `tls://127.0.0.1:${port}`);
    const nodes = await Promise.all(
      hosts.map((local, index) => nodeOf(local, `${index}.storage`, { admit, hosts })),
    );
    try {
      await Promise.all(nodes.slice(0, 2).map((node) => node.listen()));
      await until(() => nodes[0]!.connection(hosts[1]!).state === "connected", "the first two");
      await nodes[2]!.listen();
      await Promise.all(nodes.map((node) => node.waitForConnect({ timeoutMs: 5_000 })));
      for (const node of nodes) {
        for (const peer of node.connections()) {
          assertEquals([await peer.request(echo, 1), peer.stats().reconnects], [1, 0]);
        }
      }
    } finally {
      await Promise.all(nodes.map((node) => node.close()));
    }
  },
});

Deno.test("who is admitted stops being a peer when its connection is closed as it was not used", async () => {
  const grid = simulatedGrid({
    nodes: 5,
    options: ({ index, host, hosts, transports }) => ({
      hosts: index === 0 ? [host] : [hosts[0]!, host],
      admit: () => true,
      transports: { memory: new ProvenTransport(transports["memory"]!) },
      connect: "onDemand",
      ...index === 0 && { maxConnections: 2 },
    }),
    serve: (manager) => manager.handle(echo, (value) => value),
  });
  await grid.run(async () => {
    await grid.start();
    for (let round = 0; round < 3; round++) {
      for (let index = 1; index < grid.size; index++) {
        const to = grid.node(index).connection(grid.hosts[0]!);
        assertEquals(await to.request(echo, index), index);
        await grid.clock.advance(2_000);
        const states = grid.node(0).connections().map(({ state }) => state);
        assertEquals(states, Array(Math.min(2, states.length)).fill("connected"));
      }
    }
  });
  await grid.close();
});

Deno.test("admit needs mutual TLS, and a rule", () => {
  const make = (options: Partial<ManagerOptions>): Manager =>
    new Manager({ local: "tcp://a.example:1", hosts: ["tcp://a.example:1"], ...options });
  assertThrows(() => make({ admit }), InternodeError, "needs mutual TLS");
  assertThrows(
    () => make({ admit: true as unknown as AllowRule }),
    InternodeError,
    "admit must be",
  );
});
