/**
 * Hands accepted connections over, and reports refused ones.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { closeQuietly } from "./close_quietly.ts";
import type { HandshakeSlot } from "./handshake_limiter.ts";
import { HandshakeTimeout } from "./peer_left.ts";
import type { Channel, ListenOptions } from "./transport.ts";

/** What `accept` of {@linkcode ListenOptions} is called with. */
export interface Prepared {
  /** The channel. */
  readonly channel: Channel;
  /** The name that its peer has proven. */
  readonly name?: string | undefined;
}

/** The used part of {@linkcode ListenOptions}. */
interface Taker<Kind extends Channel> extends Pick<ListenOptions, "onError" | "limiter"> {
  readonly accept: (channel: Kind, name?: string, slot?: HandshakeSlot) => void;
}

/** Calls `accept` with a channel and its slot. The slot is released unless `accept` takes it at once. If `accept` throws, the channel is closed and `onError` is called. */
export function handOver<Kind extends Channel>(
  { accept, onError, limiter }: Taker<Kind>,
  { channel, name }: { readonly channel: Kind; readonly name?: string | undefined },
  slot?: HandshakeSlot,
): void {
  const onTimeout = slot?.onTimeout;
  if (limiter === undefined) slot?.release();
  try {
    accept(channel, name, slot);
    // A custom transport around this one may ignore the limiter and would never release it.
    if (slot?.onTimeout === onTimeout && slot?.isDeadlineTaken === false) slot.release();
  } catch (error) {
    slot?.release();
    closeQuietly(channel);
    onError?.(error);
  }
}

/** `Disconnected`: it ended by itself or was silent for too long, as probes are; `Unauthenticated`: its certificate is not valid here; `PermissionDenied`: it was refused for another reason; `Overloaded`: there are too many. */
export type RefusedConnectionCode =
  | "Disconnected"
  | "Unauthenticated"
  | "PermissionDenied"
  | "Overloaded";

/**
 * The error that `onError` gets for a connection that was not handed over.
 *
 * @param remote The remote address.
 * @param local The address of the listener.
 */
export function refusedConnection(
  code: RefusedConnectionCode,
  remote: string | undefined,
  local: string,
  why: string,
  cause: unknown,
): InternodeError {
  const client = remote ?? "a client";
  const what = code !== "Disconnected"
    ? `Refused ${client} at ${local}`
    : cause instanceof HandshakeTimeout
    ? `Closed the connection from ${client} at ${local}`
    : `${client} closed its connection to ${local}`;
  const error = new InternodeError(code, `${what}: ${why}.`, {
    origin: "remote",
    host: local,
    cause,
  });
  if (remote !== undefined) remotes.set(error, remote);
  return error;
}

/** The remote addresses of refused connections: `host` of the error is the listener. */
const remotes = new WeakMap<InternodeError, string>();

/** The remote address of a refused connection; `undefined` for any other error. */
export function remoteOf(error: InternodeError): string | undefined {
  return remotes.get(error);
}
