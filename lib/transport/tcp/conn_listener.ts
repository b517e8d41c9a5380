/**
 * Listeners of transports on sockets of the runtime.
 *
 * @module
 */

import { messageOf } from "../../foreign/text_of.ts";
import { errorKind } from "../../runtime/platform/error_kind.ts";
import type { Socket, SocketListener } from "../../runtime/platform/socket.ts";
import { closeConn, ConnChannel } from "./conn_channel.ts";
import type { HandshakeLimiter } from "../channel/handshake_limiter.ts";
import { handOver, refusedConnection, type RefusedConnectionCode } from "../channel/hand_over.ts";
import type { HostAddress } from "../../runtime/host_address.ts";
import { ListenerLimiter } from "../channel/listener_limiter.ts";
import { HandshakeTimeout } from "../channel/peer_left.ts";
import type { Listener, ListenOptions } from "../channel/transport.ts";
import { systemClock } from "../../runtime/system_clock.ts";
import { listenError } from "../../runtime/transport_error.ts";

const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 1000;

/** What {@linkcode ConnListener} needs to know of a kind of socket. */
export interface ConnKind<Conn extends Socket> {
  /** Whether checksums are not needed. */
  integrity: boolean;
  /** The other end of a connection, for messages. */
  remoteOf(conn: Conn): string;
  /** Its IP address. Absent if there is none. */
  addressOf?(conn: Conn): string;
  /** Prepares a new connection, if necessary. */
  prepare?(conn: Conn): void;
}

/**
 * Accepts until it is closed. A failed accept, such as without free file
 * descriptors, is reported and tried again after a pause that grows from 5 ms
 * to 1 s.
 */
export class ConnListener<Conn extends Socket> implements Listener {
  readonly address: HostAddress;
  readonly finished: Promise<void>;
  readonly #listener: SocketListener<Conn>;
  readonly #kind: ConnKind<Conn>;
  readonly #options: ListenOptions;
  readonly #limiter: HandshakeLimiter;
  #closed = false;
  #endPause: (() => void) | undefined;

  /**
   * Starts to accept.
   *
   * @param listener The runtime's listener, owned from now on.
   * @param address Where it listens.
   * @param kind What kind of socket it is.
   * @param options What to call with channels and failures.
   */
  constructor(
    listener: SocketListener<Conn>,
    address: HostAddress,
    kind: ConnKind<Conn>,
    options: ListenOptions,
  ) {
    this.#listener = listener;
    this.address = address;
    this.#kind = kind;
    this.#options = options;
    this.#limiter = options.limiter ?? new ListenerLimiter();
    this.finished = this.#run();
    // An unhandled rejection of it must not end the process.
    this.finished.catch(() => {});
  }

  async close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#endPause?.();
      this.#listener.close();
    }
    await this.finished.catch(() => {});
  }

  async #run(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!this.#closed) {
      let conn: Conn;
      try {
        conn = await this.#listener.accept();
      } catch (error) {
        if (this.#closed) return;
        const failure = listenError(this.address, error);
        if (errorKind(error) === "closed") throw failure;
        this.#options.onError?.(failure);
        await this.#pause(pauseMs);
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
        continue;
      }
      pauseMs = FIRST_PAUSE_MS;
      this.#accept(conn);
      // One that waits already is there at once, without a turn of the loop: whoever makes thousands
      // in a second would leave no turn to those that there are.
      await new Promise<void>((resolve) => systemClock.defer(resolve));
    }
  }

  #accept(conn: Conn): void {
    const kind = this.#kind;
    let remote = "somebody", ip: string | null;
    let channel: ConnChannel;
    try {
      remote = kind.remoteOf(conn);
      ip = kind.addressOf?.(conn) ?? null;
      kind.prepare?.(conn);
      channel = new ConnChannel(conn, remote, kind.integrity);
    } catch (error) {
      // The other end has gone already, and that is between it and its socket.
      closeConn(conn);
      return this.#tell("Disconnected", remote, messageOf(error), error);
    }
    const slot = this.#limiter.acquire(ip, (limitMs) => this.#onTimeout(channel, limitMs));
    if (typeof slot !== "string") return handOver(this.#options, { channel }, slot);
    channel.close();
    this.#tell("Overloaded", remote, slot);
  }

  /** Who has it has not said what is to be done. */
  #onTimeout(channel: ConnChannel, limitMs: number): void {
    channel.close();
    const late = new HandshakeTimeout(limitMs);
    this.#tell("Disconnected", channel.remote, late.message, late);
  }

  #tell(code: RefusedConnectionCode, remote: string, why: string, cause?: unknown): void {
    this.#options.onError?.(refusedConnection(code, remote, this.address.href, why, cause));
  }

  #pause(pauseMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#endPause?.(), pauseMs);
      this.#endPause = () => {
        clearTimeout(timer);
        this.#endPause = undefined;
        resolve();
      };
    });
  }
}
