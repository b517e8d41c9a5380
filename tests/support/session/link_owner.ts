/**
 * Owners of links in tests.
 *
 * @module
 */

import type { LinkDelegate } from "../../../lib/driver/link.ts";
import type { HandlerTarget } from "../../../lib/session/calls/handler_target.ts";

/** An owner that accepts every peer. Its links have one handler, or none. */
export function ownerOf(
  target: HandlerTarget | null,
  onClosed: LinkDelegate["onClosed"] = () => {},
  onGone: LinkDelegate["onGone"] = () => {},
): LinkDelegate {
  const ignore = (): void => {};
  return {
    checkPeer: () => null,
    resolve: () => target,
    onOpen: ignore,
    onDraining: ignore,
    onClosed,
    onGone,
  };
}
