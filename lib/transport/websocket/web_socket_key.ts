/**
 * How a server confirms a WebSocket request.
 *
 * @module
 */

import { base64Of } from "../../runtime/base64.ts";

/** What RFC 6455 appends to a key before it is hashed. */
const SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/**
 * The answer to a key (RFC 6455, 4.2.2).
 *
 * @param key The field `sec-websocket-key`.
 * @returns The field `sec-websocket-accept`.
 */
export async function acceptOf(key: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(key + SUFFIX));
  return base64Of(new Uint8Array(hash));
}
