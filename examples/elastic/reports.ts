/**
 * What a node is told when it starts, and what it says on its standard output.
 *
 * @module
 */

/** What a node is told: the one argument of its process, as JSON. */
export interface NodeConfig {
  /** Its name in the grid, and where it listens for other nodes. */
  readonly host: string;
  /** The etcd where nodes are listed. */
  readonly urls: readonly string[];
  /** Under which prefix. */
  readonly prefix: string;
}

/** A line of JSON from a node. */
export interface NodeReport {
  /** It owns keys from now on. */
  readonly report: "ready";
}

/** Where in etcd all nodes are listed, and where those that own keys. */
export function prefixesOf(
  { prefix }: Pick<NodeConfig, "prefix">,
): { hosts: string; owners: string } {
  return { hosts: `${prefix}/hosts`, owners: `${prefix}/owners` };
}
