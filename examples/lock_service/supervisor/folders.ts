/**
 * Where a run keeps its files: each node has a folder of its own and may touch
 * no other, except that of the sockets.
 *
 * @module
 */

/** The name in the certificate of whoever watches a run over mutual TLS. */
export const WATCHER = "watcher.example";

/** Where the certificate of the watcher is. */
export function watcherFolder(folder: string): string {
  return `${folder}/watcher`;
}

/** The folder of a node. */
export function nodeFolder(folder: string, node: number): string {
  return `${folder}/node-${node}`;
}

/** Where a life of a node is logged. */
export function logPath(folder: string, node: number, life: number): string {
  return `${nodeFolder(folder, node)}/life-${life}.jsonl`;
}

/** Where the supervisor logs what it does. */
export function supervisorLogPath(folder: string): string {
  return `${folder}/supervisor.jsonl`;
}

/** Where Unix sockets are. */
export function socketFolder(folder: string): string {
  return `${folder}/sockets`;
}

/** Makes the folders for a run. */
export async function makeFolders(nodes: number): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "internode-demo-" });
  await Deno.mkdir(socketFolder(folder));
  for (let node = 0; node < nodes; node++) await Deno.mkdir(nodeFolder(folder, node));
  return folder;
}
