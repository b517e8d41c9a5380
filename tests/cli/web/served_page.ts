/**
 * The page of some nodes, served by this process.
 *
 * @module
 */

import { AdminClient } from "@internode/grid/admin";
import { LiveMesh } from "../../../lib/cli/web/live_mesh.ts";
import { WebServer } from "../../../lib/cli/web/web_server.ts";
import { systemClock } from "../../../lib/runtime/system_clock.ts";
import { thisPlatform } from "../../../lib/runtime/this_platform.ts";
import { QuietLogger } from "../../support/log/quiet.ts";

/** A page that is served. */
export interface ServedPage extends AsyncDisposable {
  /** Where. */
  readonly url: string;
  /** What it shows. */
  readonly mesh: LiveMesh;
  readonly server: WebServer;
  /** Ends serving, and begins again at the same place. */
  restart(): Promise<void>;
}

/** Serves the page of some nodes. */
export async function servePage(
  hosts: readonly string[],
  { token = null, peers = false, clock = systemClock }: {
    readonly token?: string | null;
    readonly peers?: boolean;
    readonly clock?: typeof systemClock;
  } = {},
): Promise<ServedPage> {
  const hostname = "127.0.0.1", platform = thisPlatform();
  const connect = (host: string): Promise<AdminClient> =>
    AdminClient.connect(host, { logger: new QuietLogger() });
  const mesh = new LiveMesh({ hosts, peers, name: "admin", connect, clock });
  const serve = async (at: number): Promise<{ server: WebServer; port: number }> => {
    const listener = await platform.listenTcp(hostname, at, false), { port } = listener.addr;
    const rules = { hostname, allowHosts: [], token };
    return { server: new WebServer({ listener, rules, mesh, clock }), port };
  };
  let { server, port } = await serve(0);
  return {
    url: `http://${hostname}:${port}/`,
    mesh,
    get server() {
      return server;
    },
    async restart() {
      server.close();
      // The port is free a moment later.
      for (let tries = 0;; tries++) {
        try {
          ({ server, port } = await serve(port));
          return;
        } catch (error) {
          if (tries === 1_000) throw error;
          await new Promise<void>((resolve) => systemClock.setTimer(5, resolve));
        }
      }
    },
    async [Symbol.asyncDispose]() {
      server.close();
      await mesh.close();
    },
  };
}
