import { assert, assertEquals } from "@std/assert";
import { DEFAULT_LIMITS } from "../../lib/wire/limits.ts";
import { DEFAULT_TIMES } from "../../lib/session/frames/session_options.ts";
import type { Link } from "../../lib/driver/link.ts";
import { LinkMaker } from "../../lib/driver/link_maker.ts";
import { parseHostAddress } from "../../lib/runtime/host_address.ts";
import { ownerOf } from "../support/session/link_owner.ts";
import { simulatedGrid } from "../support/simulation/simulated_grid.ts";

Deno.test("a peer that renews its connection again and again holds a few of them only", async () => {
  const grid = simulatedGrid({ listens: ({ index }) => index === 1 });
  await grid.run(async () => {
    await grid.start();
    // In the place of node 0, one that dials anew each time and never closes what it has renewed.
    const { clock } = grid, [near, far] = grid.hosts as [string, string];
    const random = grid.random.fork("peer"), transport = grid.network.transport(near);
    const maker = new LinkMaker(near, {
      ...DEFAULT_TIMES,
      auth: null,
      limits: DEFAULT_LIMITS,
      inlineHandlerUs: 1_000,
      writeFlattenLimit: 65_536,
      checksums: true,
      spinUs: 0,
      clock,
      random,
      logger: { debug() {}, info() {}, warn() {}, error() {} },
    });
    const owner = ownerOf(null);
    const links: Link[] = [];
    for (let round = 0; round < 150; round++) {
      const { signal } = new AbortController();
      const dialling = transport.dial(parseHostAddress(far), { signal, path: "/internode" });
      const channel = await clock.complete(dialling);
      links.push(maker.make(channel, "dialler", far, owner, { renews: round > 0 }));
      await clock.advance(20);
    }
    const open = links.filter(({ session }) => session.state === "open");
    assert(open.length <= 70, `${open.length} are open`);
    assert(open.includes(links.at(-1)!), "the last one is in use");
    assertEquals(grid.node(1).connections()[0]!.state, "connected");
    for (const link of links) link.session.onLost("the test is over", link.beginTurn());
    await clock.advance(100);
  });
  await grid.close();
});
