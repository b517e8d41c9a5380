/**
 * One attempt to connect to a peer.
 *
 * @module
 */

import { InternodeError } from "../errors.ts";
import { closeQuietly } from "../net/close_quietly.ts";
import type { HostAddress } from "../net/host_address.ts";
import type { Link } from "../net/link.ts";
import type { Channel } from "../net/transport.ts";
import type { Dialler } from "./dial_gate.ts";
import type { GridNode } from "./grid_node.ts";

/** Waits for its turn, dials, and keeps its place until hands are shaken; whoever made it says when, by `end`. */
export class Dialling implements Dialler {
  /** When its turn came. */
  startedMs = 0;
  /** What became of it, until hands are shaken. */
  link: Link | null = null;

  readonly #node: GridNode;
  readonly #address: HostAddress;
  readonly #onChannel: (channel: Channel) => void;
  readonly #onFailed: (error: unknown) => void;
  #abort: AbortController | null = null;

  /**
   * @param onChannel There is a connection.
   * @param onFailed There is none; called never within `start`.
   */
  constructor(
    node: GridNode,
    address: HostAddress,
    onChannel: (channel: Channel) => void,
    onFailed: (error: unknown) => void,
  ) {
    this.#node = node;
    this.#address = address;
    this.#onChannel = onChannel;
    this.#onFailed = onFailed;
  }

  /** Gets in line. */
  start(): void {
    this.#node.gate.enter(this);
  }

  /** Gives up before there is a connection; `onFailed` follows. */
  abort(reason: unknown): void {
    this.#node.gate.leave(this);
    if (this.#abort !== null) this.#abort.abort(reason);
    else if (this.link === null) queueMicrotask(() => this.#onFailed(reason));
  }

  /** Hands are shaken, or it has come to nothing: others may have its place. */
  end(): void {
    this.#node.gate.leave(this);
  }

  /** See {@linkcode Dialler}. */
  begin(): void {
    // A node that closes gives its attempts up one by one, and their places go to others of its own.
    if (this.#node.closing) return;
    const { clock, dialTimeoutMs } = this.#node.options;
    const abort = this.#abort = new AbortController(), { signal } = abort;
    this.startedMs = clock.now();
    const timer = clock.setTimer(dialTimeoutMs, () => {
      const message = `No connection within ${dialTimeoutMs} ms.`;
      abort.abort(new InternodeError("Unreachable", message, { origin: "network" }));
    });
    const settle = (): boolean => {
      if (this.#abort === null) return false;
      this.#abort = null;
      clock.clearTimer(timer);
      return true;
    };
    const fail = (error: unknown): void => {
      if (settle()) this.#onFailed(error);
    };
    // A transport of the user's own may ignore its signal; nothing waits for it then.
    signal.addEventListener("abort", () => queueMicrotask(() => fail(signal.reason)));
    this.#node.dial(this.#address, signal).then((channel) => {
      if (settle()) this.#onChannel(channel);
      else closeQuietly(channel);
    }, fail);
  }
}
