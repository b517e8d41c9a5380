/**
 * Nodes inside web servers of your own: pages and grid share a port.
 *
 *     deno run --allow-net=127.0.0.1 examples/own_server.ts
 *
 * @module
 */

import { Manager, sharedSecret, single } from "@internode/grid";
import * as t from "@internode/grid/codec";

const visits = single("visits", { request: t.nothing(), response: t.uint() });

/** A web server that counts its visitors, and that lets the grid in at one path. */
class Shop {
  visitors = 0;
  grid: Manager | undefined;
  readonly server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/internode" && this.grid !== undefined) return this.grid.upgrade(request);
    return new Response(`You are visitor ${++this.visitors}.\n`);
  });
  readonly address = `127.0.0.1:${this.server.addr.port}`;
}

const shops = [new Shop(), new Shop()] as const;
const hosts = shops.map(({ address }) => `ws://${address}`);
const auth = sharedSecret("known to the nodes, and never sent");
for (const [index, shop] of shops.entries()) {
  shop.grid = new Manager({ local: hosts[index]!, hosts, auth });
  shop.grid.handle(visits, () => shop.visitors);
}
// Instead of listen(), as what comes in comes through upgrade(). Which of two nodes dials the
// other is decided by their names, so each of them must be reachable.
for (const { grid } of shops) grid!.connect();

console.log(await (await fetch(`http://${shops[1].address}/`)).text());
console.log(`elsewhere: ${await shops[0].grid!.connection(hosts[1]!).request(visits, undefined)}`);

await Promise.all(shops.map(({ grid }) => grid!.close()));
await Promise.all(shops.map(({ server }) => server.shutdown()));
