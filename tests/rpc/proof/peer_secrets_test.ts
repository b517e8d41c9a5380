import { Manager, pairSecret, type Secret, sharedSecret, systemTransports } from "@internode/grid";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dials } from "../../../lib/grid/dialler.ts";
import { parseHostAddress } from "../../../lib/runtime/host_address.ts";
import { answer } from "../../conformance/contracts.ts";
import { until } from "../../conformance/world.ts";
import { freePorts } from "../../../tools/network/free_ports.ts";
import { certificates } from "../../support/certificates/certificates.ts";
import { moduleFolder } from "../../support/module_folder.ts";
import { FILES, NET } from "../../support/permitted.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { simulatedGrid } from "../../support/simulation/simulated_grid.ts";

const MASTER = "6f1d9c62b0a84e7f93d2c5581be07a4c", LATER = "1b8f47c29e0d4a3fb65c7d8e9f0a1b2c";
const NODES = 3;

const SCHEMES = {
  memory: (index: number) => `memory://node-${index + 1}`,
  ws: (index: number) => `ws://node-${index + 1}.example:80`,
};

/** What a node is given: a secret for each peer, made from these. */
function authOf(local: string, masters: readonly string[]) {
  const byPeer = (peer: string): Secret | undefined =>
    peer === local ? undefined : masters.map((master) => pairSecret(master, local, peer));
  return sharedSecret({ byPeer });
}

for (const [scheme, host] of Object.entries(SCHEMES)) {
  Deno.test(`${scheme}: nodes with a secret for each pair call each other, and change them node by node`, async () => {
    const log = new QuietLogger();
    const rounds = [[MASTER], [MASTER, LATER], [LATER, MASTER], [LATER]];
    const grid = simulatedGrid({
      nodes: NODES,
      host,
      channels: scheme === "ws" ? "messages" : "bytes",
      options: ({ host, restarts }) => ({ auth: authOf(host, rounds[restarts]!), logger: log }),
      serve: (manager) => manager.handle(answer, (text) => `${text} at ${manager.local}`),
    });
    const callAll = async (): Promise<void> => {
      const nodes = grid.running.map((index) => grid.node(index));
      await Promise.all(nodes.flatMap((node) =>
        node.connections().map(async (to) => {
          const said = await to.request(answer, "x", { waitForReady: true });
          assertEquals(said, `x at ${to.host}`);
        })
      ));
    };
    await grid.run(async () => {
      await grid.start();
      await callAll();
      for (const _ of rounds.slice(1)) {
        for (let index = 0; index < NODES; index++) {
          await grid.node(index).close();
          grid.crash(index);
          await grid.clock.advance(10);
          await grid.restart(index);
          await callAll();
        }
      }
      assert(!log.lines.some((line) => /secret|token/.test(line)), log.lines.join("\n"));
    });
    await grid.close();
  });

  Deno.test(`${scheme}: who has stolen one node's secrets cannot pass for another`, async () => {
    const hosts = Array.from({ length: NODES }, (_, index) => host(index));
    // The thief takes the name of a node that dials the victim, and knows what the third one does.
    const [thief, victim] = hosts.flatMap((one) => hosts.map((other) => [one, other] as const))
      .find(([one, other]) => one !== other && dials(one, other))!;
    const stolen = hosts.find((one) => one !== thief && one !== victim)!;
    const logs = hosts.map(() => new QuietLogger());
    const grid = simulatedGrid({
      nodes: NODES,
      host,
      channels: scheme === "ws" ? "messages" : "bytes",
      options: ({ host, index }) => ({
        auth: authOf(host === thief ? stolen : host, [MASTER]),
        logger: logs[index]!,
      }),
      serve: (manager) => manager.handle(answer, (text) => text),
    });
    await grid.run(async () => {
      await grid.start();
      await grid.clock.advance(5_000);
      const nodeOf = (host: string): Manager => grid.node(hosts.indexOf(host));
      assertEquals(nodeOf(thief).connection(victim).state === "connected", false);
      const told = logs[hosts.indexOf(victim)]!.lines.join("\n");
      assertStringIncludes(told, scheme === "ws" ? "signature" : "secret is wrong");
      // The others have each other.
      assertEquals(await nodeOf(stolen).connection(victim).request(answer, "x"), "x");
    });
    await grid.close();
  });
}

const folder = moduleFolder();

for (const scheme of ["tcp", "tls", "unix", "ws", "wss"]) {
  Deno.test({
    name:
      `over ${scheme}, nodes with a secret for each pair connect, and a node with another's does not`,
    ignore: !NET || !FILES,
    fn: async () => {
      const ports = freePorts(3);
      const hosts = ports.map((port, index) =>
        scheme === "unix"
          ? `unix://${folder}/${scheme}-${index}`
          : parseHostAddress(`${scheme}://127.0.0.1:${port}`).href
      );
      const logger = new QuietLogger();
      const transports = systemTransports(certificates());
      const nodeOf = (local: string, knows: string): Manager =>
        new Manager({ local, hosts, auth: authOf(knows, [MASTER]), logger, transports });
      const [a, b, c] = hosts as [string, string, string];
      const nodes = [nodeOf(a, a), nodeOf(b, b), nodeOf(c, a)];
      for (const node of nodes) await node.listen();
      await nodes[0]!.connection(b).waitForConnect();
      await until(() => logger.lines.filter((line) => /secret/.test(line)).length > 0, "a refusal");
      assertEquals(nodes[2]!.connection(b).state === "connected", false);
      await Promise.all(nodes.map((node) => node.close({ graceMs: 0 })));
    },
  });
}
