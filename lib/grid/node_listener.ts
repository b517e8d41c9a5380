/**
 * Where a node listens.
 *
 * @module
 */

import { invalidArgument } from "../errors.ts";
import { about } from "../foreign/log_event.ts";
import { sentence, textOf } from "../foreign/text_of.ts";
import { within } from "../runtime/within.ts";
import type { Listener } from "../transport/channel/transport.ts";
import type { Acceptor } from "./acceptor.ts";
import type { GridNode } from "./grid_node.ts";
import type { NodeOptions } from "./node_options.ts";
import { exposedNodeError } from "./own_server.ts";

/** Listens, and hands connections to the acceptor. */
export class NodeListener {
  readonly #node: GridNode;
  readonly #acceptor: Acceptor;
  #listening: Promise<Listener> | null = null;

  constructor(node: GridNode, acceptor: Acceptor) {
    this.#node = node;
    this.#acceptor = acceptor;
  }

  /**
   * Begins to listen.
   *
   * @throws {InternodeError} As `Manager.listen`.
   */
  async listen(): Promise<Listener> {
    if (this.#listening !== null) throw invalidArgument("This manager is already listening.");
    const node = this.#node, { path, allowOrigins, allowHosts, listen } = node.options;
    const exposed = exposedNodeError(node);
    if (exposed !== null) throw exposed;
    const { hostname } = node.local;
    const listening = this.#listening = node.transport(listen).listen(listen, {
      accept: (channel, name, slot) => this.#acceptor.accept(channel, name, slot),
      limiter: this.#acceptor.limiter,
      path,
      allowOrigins,
      // WebSocket requests ask for the node by its name, wherever it listens.
      allowHosts: hostname === "" ? allowHosts : [...allowHosts, hostname],
      authorize: (...asked) => this.#acceptor.authorize(...asked),
      onError: this.#acceptor.log.onError,
    });
    try {
      return await listening;
    } catch (error) {
      this.#listening = null;
      throw error;
    }
  }

  /** Stops accepting, and waits until the address is free again. */
  close(): Promise<void> {
    return closeListener(this.#listening, this.#node.options.listen.href, this.#node.options);
  }
}

/** How long the listener may take to close, in milliseconds. */
const LISTENER_CLOSE_MS = 2_000;

/**
 * Stops accepting, and waits until the address is free again; a transport of the user's own may never say so.
 *
 * @param listening The listener, or what it will be; `null`: there is none.
 * @param local Where it listens.
 */
async function closeListener(
  listening: Promise<Listener> | null,
  local: string,
  { clock, logger }: Pick<NodeOptions, "clock" | "logger">,
): Promise<void> {
  const tell = (why: string, error?: unknown): void =>
    logger.warn(`The listener at ${local} ${sentence(why)}`, {
      event: "listener_failed",
      local,
      ...about(error),
    });
  const close = async (): Promise<void> => {
    const listener = await listening?.catch(() => null);
    await listener?.close();
    await listener?.finished.catch(() => {});
  };
  const closed = close().catch((error) => tell(`failed to close: ${textOf(error)}`, error));
  if (await within(clock, LISTENER_CLOSE_MS, closed)) return;
  tell(`did not close within ${LISTENER_CLOSE_MS} ms`);
}
