/**
 * How a node is started on each runtime.
 *
 * @module
 */

import type { Command, Launcher } from "../../../tools/runtimes/launcher.ts";
import type { NodeConfig } from "../node/reports.ts";
import { nodeFolder, socketFolder } from "./folders.ts";
import { netPermission } from "./hosts.ts";

/** What each node runs, from the repository's root on. */
export const NODE = "examples/lock_service/node/node.ts";

/**
 * The program that is a node. On Deno it may use the hosts' addresses, its own
 * folder and that of the sockets, and nothing else.
 *
 * @param runtime One of those that the launcher knows.
 */
export function nodeCommand(
  { hosts, node, folder }: NodeConfig,
  runtime: string,
  launcher: Launcher,
): Command {
  const folders = [nodeFolder(folder, node), socketFolder(folder)].join(",");
  return launcher.command(runtime, NODE, {
    deno: [
      "--no-prompt",
      `--allow-net=${netPermission(hosts).join(",")}`,
      `--allow-read=${folders}`,
      `--allow-write=${folders}`,
    ],
  });
}
