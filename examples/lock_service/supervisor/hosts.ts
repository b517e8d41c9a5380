/**
 * Where the nodes of a run are reached.
 *
 * @module
 */

import { socketFolder } from "./folders.ts";
import type { DemoOptions } from "./options.ts";

/**
 * Below the ports that systems hand out by themselves (from 32768 on Linux,
 * 49152 elsewhere), so that no connection can happen to take the port of a
 * node that is down for a moment.
 */
const FIRST_PORT = 20_000;
const LAST_PORT = 31_999;

/**
 * Finds an address for each node.
 *
 * @param options How many, and over what: for Unix sockets a path in the folder, else a free loopback port.
 * @param folder The folder of the run, where sockets go.
 */
export function pickHosts(
  { nodes, transport, mtls }: Pick<DemoOptions, "nodes" | "transport" | "mtls">,
  folder: string,
): string[] {
  if (transport === "unix") {
    return Array.from(
      { length: nodes },
      (_, node) => `unix://${socketFolder(folder)}/${node}.sock`,
    );
  }
  const scheme = mtls && transport === "tcp" ? "tls" : transport;
  return freePorts(nodes).map((port) => `${scheme}://127.0.0.1:${port}`);
}

/** What a node has to be allowed for these hosts, as for `--allow-net`. */
export function netPermission(hosts: readonly string[]): string[] {
  return hosts.map((host) => {
    const [scheme, rest] = host.split("://", 2);
    return scheme === "unix" ? `unix:${rest}` : rest!;
  });
}

/** Free ports, each proven by listening on it; all are held until the last is found. */
function freePorts(count: number): number[] {
  const held: Deno.TcpListener[] = [];
  try {
    const span = LAST_PORT - FIRST_PORT + 1;
    // By true chance, whatever the seed: several runs must not meet at the same ports.
    let port = Math.floor(Math.random() * span);
    for (let tried = 0; held.length < count; tried++, port = (port + 1) % span) {
      if (tried === span) throw new Error(`${count} free ports were not to be found.`);
      try {
        held.push(Deno.listen({ hostname: "127.0.0.1", port: FIRST_PORT + port }));
      } catch (error) {
        if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      }
    }
    return held.map((listener) => listener.addr.port);
  } finally {
    for (const listener of held) listener.close();
  }
}
