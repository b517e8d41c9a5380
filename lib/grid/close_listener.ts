/**
 * Closing a node's listener.
 *
 * @module
 */

import { about } from "../foreign/log_event.ts";
import { sentence, textOf } from "../foreign/text_of.ts";
import { within } from "../runtime/within.ts";
import type { Listener } from "../transport/channel/transport.ts";
import type { NodeOptions } from "./node_options.ts";

/** How long the listener may take to close, in milliseconds. */
const LISTENER_CLOSE_MS = 2_000;

/**
 * Stops accepting, and waits until the address is free again; a transport of the user's own may never say so.
 *
 * @param listening The listener, or what it will be; `null`: there is none.
 * @param local Where it listens.
 */
export async function closeListener(
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
