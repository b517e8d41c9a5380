/**
 * Where the nodes of a run are reached.
 *
 * @module
 */

import { freePorts } from "../../../tools/network/free_ports.ts";
import { socketFolder } from "./folders.ts";
import type { DemoOptions } from "./options.ts";

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
