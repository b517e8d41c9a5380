/**
 * What becomes of connections that come in: they are handed over, or turned away.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { closeQuietly } from "./close_quietly.ts";
import type { DoorPlace } from "./door.ts";
import { TooLate } from "./peer_left.ts";
import type { Channel, ListenOptions } from "./transport.ts";

/** Who may be accepted: what `accept` of {@linkcode ListenOptions} is called with. */
export interface Prepared {
  /** The channel. */
  readonly channel: Channel;
  /** The name that its peer has proven. */
  readonly name?: string | undefined;
}

/** Who listens, as in {@linkcode ListenOptions}. */
interface Taker<Kind extends Channel> extends Pick<ListenOptions, "onError" | "door"> {
  readonly accept: (channel: Kind, name?: string, place?: DoorPlace) => void;
}

/** Gives a channel and its place, which it leaves unless it is taken there at once, to whoever listens. If that throws, the channel is closed and `onError` is told, as nobody else would hear of it. */
export function handOver<Kind extends Channel>(
  { accept, onError, door }: Taker<Kind>,
  { channel, name }: { readonly channel: Kind; readonly name?: string | undefined },
  place?: DoorPlace,
): void {
  const onLate = place?.onLate;
  if (door === undefined) place?.leave();
  try {
    accept(channel, name, place);
    // Who knows nothing of doors, such as a transport around this one, would never leave it.
    if (place?.onLate === onLate && place?.isHeld === false) place.leave();
  } catch (error) {
    place?.leave();
    closeQuietly(channel);
    onError?.(error);
  }
}

/** `Disconnected`: it left by itself, or was silent for too long, as probes do; `Unauthenticated`: its certificate was not believed; `PermissionDenied`: it was not let in otherwise; `Overloaded`: too many came. */
export type TurnedAwayCode = "Disconnected" | "Unauthenticated" | "PermissionDenied" | "Overloaded";

/**
 * What `onError` is told of a connection that was not handed over.
 *
 * @param remote Where it came from.
 * @param local Where it came to.
 */
export function turnedAway(
  code: TurnedAwayCode,
  remote: string,
  local: string,
  why: string,
  cause: unknown,
): InternodeError {
  const what = code !== "Disconnected"
    ? `Refused ${remote} at ${local}`
    : cause instanceof TooLate
    ? `Gave ${remote} up at ${local}`
    : `${remote} left ${local}`;
  const error = new InternodeError(code, `${what}: ${why}.`, {
    origin: "remote",
    host: local,
    cause,
  });
  remotes.set(error, remote);
  return error;
}

/** Where those came from that were turned away: the error's own field is for the host that it is about. */
const remotes = new WeakMap<InternodeError, string>();

/** Where whoever was turned away came from; `undefined` for any other error. */
export function remoteOf(error: InternodeError): string | undefined {
  return remotes.get(error);
}
