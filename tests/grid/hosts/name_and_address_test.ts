import {
  InternodeError,
  Manager,
  type ManagerOptions,
  sharedSecret,
  single,
} from "@internode/grid";
import * as t from "@internode/grid/codec";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { dials } from "../../../lib/grid/dialler.ts";
import { until } from "../../conformance/world.ts";
import { configOf, TestAuthority } from "../../support/certificates/test_authority.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { watch } from "../../support/outcome.ts";
import { NET } from "../../support/permitted.ts";
import { simulatedGrid } from "../../support/simulation/simulated_grid.ts";

const whoAmI = single("who", { request: t.nullable(t.uint()), response: t.string() });
const auth = sharedSecret("the secret of these hosts");
const authority = await TestAuthority.root("authority");

/** A configuration of mutual TLS for a host of that DNS name. */
async function bearing(name: string) {
  const names = [{ type: "dns", value: name }] as const;
  return configOf(await authority.node(name, { names }), authority);
}

/** Nodes that listen on ports which the system chooses, and then list each other by them. */
async function withNodes(
  names: readonly string[],
  options: (index: number) => Partial<ManagerOptions> | Promise<Partial<ManagerOptions>>,
  body: (nodes: readonly Manager[], addresses: readonly string[]) => Promise<void>,
): Promise<void> {
  const nodes: Manager[] = [], addresses: string[] = [];
  try {
    for (const [index, local] of names.entries()) {
      const listen = local.replace(/\/\/.*$/, "//127.0.0.1:0");
      const node = new Manager({
        local,
        listen,
        hosts: [local],
        logger: new QuietLogger(),
        ...await options(index),
      });
      nodes.push(node);
      node.handle(whoAmI, (_, { caller }) => caller);
      addresses.push((await node.listen()).address);
    }
    const listed = names.map((name, index) => ({ name, address: addresses[index]! }));
    for (const node of nodes) node.setHosts(listed);
    await body(nodes, addresses);
  } finally {
    await Promise.all(nodes.map((node) => node.close()));
  }
}

async function areAllKnownByName(nodes: readonly Manager[]): Promise<void> {
  await Promise.all(nodes.map((node) => node.waitForConnect({ timeoutMs: 5_000 })));
  for (const from of nodes) {
    for (const to of nodes) {
      assertEquals(await from.connection(to.local).request(whoAmI, null), from.local);
    }
  }
}

for (const scheme of ["tcp", "ws"]) {
  Deno.test({
    name: `${scheme}: nodes on ports that the system chose are registered by their real addresses`,
    ignore: !NET,
    async fn() {
      const names = ["a", "b", "c"].map((name) => `${scheme}://${name}.example:9000`);
      await withNodes(names, () => ({ auth }), async (nodes, addresses) => {
        for (const address of addresses) assert(!address.endsWith(":0"), address);
        await areAllKnownByName(nodes);
      });
    },
  });
}

for (const scheme of ["tls", "wss"]) {
  Deno.test({
    name: `${scheme}: certificates are judged by names, wherever hosts listen`,
    ignore: !NET,
    async fn() {
      const names = ["a", "b", "c"].map((name) => `${scheme}://${name}.example:9000`);
      const tls = (index: number) => bearing(`${"abc"[index]}.example`);
      await withNodes(names, async (index) => ({ tls: await tls(index) }), areAllKnownByName);
    },
  });

  Deno.test({
    name: `${scheme}: who has another's address and not its certificate is refused`,
    ignore: !NET,
    async fn() {
      const names = ["a", "b"].map((name) => `${scheme}://${name}.example:9000`);
      // Whoever is dialled, or dials, has the certificate of somebody else.
      for (const liar of [0, 1]) {
        const tls = (index: number) =>
          bearing(index === liar ? "c.example" : `${"ab"[index]}.example`);
        await withNodes(names, async (index) => ({ tls: await tls(index) }), async (nodes) => {
          const dialler = dials(names[0]!, names[1]!) ? 0 : 1;
          const [to] = nodes[dialler]!.connections();
          await until(() => to!.state === "disconnected", "the refusal");
          const failure = await to!.request(whoAmI, null).catch((error) => error);
          assert(failure instanceof InternodeError && failure.cause instanceof InternodeError);
          // Who is dialled does not say whether it refuses for lack of proof.
          const expected = liar === dialler ? "PermissionDenied" : "Unauthenticated";
          assertEquals(failure.cause.code, expected);
        });
      }
    },
  });
}

Deno.test("who is reached elsewhere from now on is dialled there at once, and a connection stays", async () => {
  const grid = simulatedGrid({
    options: ({ index, host, hosts }) => ({
      hosts: index === 0 ? [host, { name: hosts[1]!, address: "memory://nowhere" }] : hosts,
      ...index === 1 && { listen: "memory://elsewhere" },
    }),
    serve: (manager) => manager.handle(whoAmI, (_, { caller }) => caller),
  });
  await grid.run(async () => {
    await grid.start();
    await grid.clock.advance(20_000);
    const one = grid.node(0), [to] = one.connections();
    assertEquals(to!.state, "disconnected");
    const waiting = watch(grid.clock, to!.request(whoAmI, null, { waitForReady: true }));
    const change = one.setHosts([one.local, { name: to!.host, address: "memory://elsewhere" }]);
    assertEquals([change.joined, change.left], [[], []]);
    await grid.clock.advance(20);
    assertEquals([waiting.value, to!.state], [one.local, "connected"]);
    const states: string[] = [];
    to!.onStateChange((state) => states.push(state));
    one.setHosts([one.local, { name: to!.host, address: "memory://nowhere" }]);
    await grid.clock.advance(5_000);
    assertEquals([to!.state, states], ["connected", []]);
  });
  await grid.close();
});

Deno.test("a wildcard or port 0 is listened at and never a name", () => {
  const make = (local: string, listen?: string): Manager =>
    new Manager({ local, listen, hosts: [local], auth });
  for (const listen of ["tcp://0.0.0.0:0", "tcp://[::]:9000", "tcp://:0"]) {
    assertEquals(make("tcp://a.example:9000", listen).hosts, ["tcp://a.example:9000"]);
    assertThrows(() => make("tcp://0.0.0.0:9000", listen), InternodeError, "all interfaces");
    assertThrows(() => make("tcp://a.example:0", listen), InternodeError, "cannot dial port 0");
  }
  assertThrows(() => make("tcp://a.example:9000", "nonsense"), InternodeError, "nonsense");
  assertThrows(() => make("tcp://a.example:9000", "tls:"), InternodeError, "must look like");
  const error = assertThrows(
    () =>
      new Manager({
        local: "memory://a",
        listen: "tcp://:1",
        hosts: ["memory://a"],
        transports: {},
      }),
    InternodeError,
  );
  assertEquals(error.code, "InvalidArgument");
});

Deno.test({
  name: "a node that would listen where others reach it, without proof, does not",
  ignore: !NET,
  async fn() {
    const local = "tcp://127.0.0.1:9000";
    await using node = new Manager({ local, listen: "tcp://0.0.0.0:0", hosts: [local] });
    const error = await node.listen().catch((error) => error);
    assert(error instanceof InternodeError && error.message.includes("without authentication"));
  },
});
