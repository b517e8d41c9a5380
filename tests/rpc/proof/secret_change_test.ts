import { sharedSecret } from "@internode/grid";
import { assert, assertEquals } from "@std/assert";
import { answer } from "../../conformance/contracts.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { simulatedGrid } from "../../support/simulation/simulated_grid.ts";

const OLD = "an old secret of thirty-two bytes";
const NEW = "a new secret of just as many bytes";
/** What each node is started with, round after round. */
const ROUNDS = [[OLD], [OLD, NEW], [NEW, OLD], [NEW]];
const NODES = 3;

const SCHEMES = {
  memory: (index: number) => `memory://node-${index + 1}`,
  ws: (index: number) => `ws://node-${index + 1}.example:80`,
};

interface World {
  readonly grid: ReturnType<typeof simulatedGrid>;
  /** What all nodes of all times have warned of. */
  readonly log: QuietLogger;
  /** Each node calls each other one, and nothing fails. */
  callAll(what: string): Promise<void>;
}

function makeWorld(scheme: keyof typeof SCHEMES, secretsOf: (restarts: number) => string[]): World {
  const log = new QuietLogger();
  const grid = simulatedGrid({
    nodes: NODES,
    host: SCHEMES[scheme],
    channels: scheme === "ws" ? "messages" : "bytes",
    options: ({ restarts }) => ({ auth: sharedSecret(secretsOf(restarts)), logger: log }),
    serve: (manager) => manager.handle(answer, (text) => `${text} at ${manager.local}`),
  });
  const callAll = async (what: string): Promise<void> => {
    const nodes = grid.running.map((index) => grid.node(index));
    await Promise.all(nodes.flatMap((node) =>
      node.connections().map(async (connection) => {
        const said = await connection.request(answer, what, { waitForReady: true });
        assertEquals(said, `${what} at ${connection.host}`);
      })
    ));
  };
  return { grid, log, callAll };
}

for (const scheme of ["memory", "ws"] as const) {
  Deno.test(`${scheme}: a secret is changed node by node, and nobody is ever refused`, async () => {
    const { grid, log, callAll } = makeWorld(scheme, (restarts) => ROUNDS[restarts]!);
    await grid.run(async () => {
      await grid.start();
      await callAll("at first");
      for (const secrets of ROUNDS.slice(1)) {
        for (let index = 0; index < NODES; index++) {
          await grid.node(index).close();
          grid.crash(index);
          await grid.clock.advance(10);
          await grid.restart(index);
          await callAll(`node ${index} has ${secrets.length} secrets`);
        }
      }
      // Peers that were down are warned of; that a proof or token was refused would be, too.
      const refused = log.lines.filter((line) => /secret|token|proof|refused by/i.test(line));
      assertEquals(refused, []);
      for (const index of grid.running) {
        for (const { state } of grid.node(index).connections()) assertEquals(state, "connected");
      }
    });
    await grid.close();
  });

  Deno.test(`${scheme}: a secret is not changed without two at a time`, async () => {
    const { grid, log } = makeWorld(scheme, (restarts) => [restarts === 0 ? OLD : NEW]);
    await grid.run(async () => {
      await grid.start();
      grid.crash(0);
      await grid.restart(0);
      await grid.clock.advance(5_000);
      for (const { state } of grid.node(0).connections()) assert(state !== "connected");
      const why = scheme === "ws" ? "do not share a secret" : "proof of the shared secret is wrong";
      assert(log.has(why), log.lines.join("\n"));
    });
    await grid.close();
  });
}
