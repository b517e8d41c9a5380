/**
 * Nodes inside web servers of your own: pages and grid share a port. The server
 * is that of `node:http`, so it runs on Deno, Node and Bun; docs/own-server.md
 * has the same for `Deno.serve` and `Bun.serve`.
 *
 *     deno run --allow-net=127.0.0.1 examples/own_server.ts
 *
 * @module
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Manager, sharedSecret, single } from "@internode/grid";
import * as t from "@internode/grid/codec";

const visits = single("visits", { request: t.nothing(), response: t.uint() });

/** A web server that counts its visitors, and that lets the grid in at one path. */
class Shop {
  visitors = 0;
  grid: Manager | undefined;
  readonly server = createServer((_request, response) => {
    response.end(`You are visitor ${++this.visitors}.\n`);
  });

  constructor() {
    this.server.on("upgrade", (request, socket, head) => {
      if (request.url === "/internode") this.grid?.upgradeSocket(request, socket, head);
      else socket.destroy();
    });
  }

  /** Starts; gives its address. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }
}

const shops = [new Shop(), new Shop()] as const;
const addresses = await Promise.all(shops.map((shop) => shop.listen()));
const hosts = addresses.map((address) => `ws://${address}`);
const auth = sharedSecret("known to the nodes, and never sent");
for (const [index, shop] of shops.entries()) {
  shop.grid = new Manager({ local: hosts[index]!, hosts, auth });
  shop.grid.handle(visits, () => shop.visitors);
}
// Instead of listen(), as what comes in comes through upgradeSocket(). Which of two nodes dials
// the other is decided by their names, so each of them must be reachable.
for (const { grid } of shops) grid!.connect();

console.log(await (await fetch(`http://${addresses[1]}/`)).text());
console.log(`elsewhere: ${await shops[0].grid!.connection(hosts[1]!).request(visits, undefined)}`);

await Promise.all(shops.map(({ grid }) => grid!.close()));
for (const { server } of shops) {
  server.close();
  server.closeAllConnections();
}
