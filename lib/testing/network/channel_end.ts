/**
 * What byte and message channels of the simulated network have in common.
 *
 * @module
 */

import type { Timer } from "../../runtime/clock.ts";
import { type ErrorCode, InternodeError } from "../../errors.ts";
import type { NetworkCore } from "./network_core.ts";
import type { NodeClock } from "../time/node_clock.ts";
import { END, type Pipe, type PipeEnd, type PipeItem, RESET } from "./pipe.ts";
import type {
  CrashKind,
  EndState,
  HostConnection,
  HostEnd,
  SimulatedHost,
} from "./simulated_host.ts";

/** What an end is made from. */
export interface ChannelEndInit {
  readonly core: NetworkCore;
  readonly host: SimulatedHost;
  readonly clock: NodeClock;
  readonly peer: SimulatedHost;
  readonly remote: string;
  readonly incoming: Pipe;
  readonly out: Pipe;
  readonly connection: HostConnection;
}

/** One end of a connection. */
export abstract class ChannelEnd implements HostEnd, PipeEnd {
  /** The other end, for messages and logs. */
  readonly remote: string;
  /** The machine it is on. */
  readonly host: SimulatedHost;
  /** The machine at the other end. */
  readonly peer: SimulatedHost;
  /** The connection it is an end of. */
  readonly connection: HostConnection;
  /** What it sends goes here. */
  readonly out: Pipe;
  /** Whether its node waits until the pipe has room again. */
  awaitsRoom = false;
  protected readonly core: NetworkCore;
  protected readonly incoming: Pipe;
  readonly #clock: NodeClock;
  #state: EndState = "open";
  #answeredReset = false;

  constructor(init: ChannelEndInit) {
    this.core = init.core;
    this.remote = init.remote;
    this.out = init.out;
    this.incoming = init.incoming;
    this.host = init.host;
    this.peer = init.peer;
    this.#clock = init.clock;
    this.connection = init.connection;
  }

  /** How it stands. */
  get state(): EndState {
    return this.#state;
  }

  /** Bytes have arrived. */
  protected abstract onData(bytes: Uint8Array<ArrayBuffer>): void;
  /** The peer has ended its direction. */
  protected abstract onEnd(): void;
  /** The connection was lost. */
  protected abstract onLost(reason: string): void;
  /** Whether bytes arrived that the node has not taken. */
  protected abstract get hasUnread(): boolean;
  /** Called when the pipe it sends into may have room again. */
  abstract onRoom(): void;

  /** Schedules something that happens to the node in a turn of its own. */
  protected post(callback: () => void): void {
    this.#clock.deliver(0, callback);
  }

  /** Schedules an arrival: with the node's clock, or with the machine's if the process has died. */
  scheduleArrival(delayMs: number, callback: () => void): Timer {
    return this.#state === "vanished"
      ? this.core.clock.setTimer(delayMs, callback)
      : this.#clock.deliver(delayMs, callback);
  }

  /** Takes an arrival back. */
  cancelArrival(timer: Timer): void {
    this.core.clock.clearTimer(timer);
  }

  /** An item has come over the link. */
  arrive(item: PipeItem): void {
    const kind = item === END ? "end" : item === RESET ? "reset" : "data";
    const byteLength = typeof item === "symbol" ? 0 : item.length;
    this.core.note(kind, this.peer.href, this.host.href, byteLength);
    if (this.#state === "open") {
      if (item === RESET) this.lose(`${this.remote} reset the connection`);
      else if (item === END) this.onEnd();
      else this.onData(item);
    } else if (this.#state === "vanished" && typeof item === "symbol") {
      this.#over("closed");
    } else if (typeof item !== "symbol") {
      this.#answerReset();
    }
  }

  /** The connection is lost: nothing more is sent or received. */
  lose(reason: string): void {
    if (this.#state !== "open") return;
    this.out.sever();
    this.#over("lost");
    this.onLost(reason);
  }

  /** The process that holds this end has died; its machine goes on for it, unless it is gone too. */
  vanish(how: CrashKind): void {
    const wasOpen = this.#state === "open", unread = this.hasUnread;
    this.#over("vanished");
    if (wasOpen) {
      if (how !== "close") this.out.clear();
      if (how === "reset" || (how === "close" && unread)) this.#answerReset();
      else if (how === "close") this.out.push(END);
    }
    this.incoming.rearm();
  }

  /** Ends this side. A byte stream that is closed with bytes unread is reset, as by TCP. */
  protected closeOut(): void {
    if (this.#state !== "open") return;
    const unread = this.hasUnread;
    this.#over("closed");
    if (unread) this.#answerReset();
    else this.out.push(END);
  }

  protected error(code: ErrorCode, message: string): InternodeError {
    return new InternodeError(code, message, {
      origin: code === "Disconnected" ? "network" : "local",
      outcome: "maybeExecuted",
      host: this.peer.href,
    });
  }

  #answerReset(): void {
    if (this.#answeredReset) return;
    this.#answeredReset = true;
    this.out.push(RESET);
  }

  #over(state: EndState): void {
    this.#state = state;
    this.connection.retireIfOver();
  }
}
