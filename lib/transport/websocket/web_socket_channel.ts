/**
 * A WebSocket of the runtime's as a channel: the accepting end in a server of
 * the user, and either end of `nativeWebSocketTransport`.
 *
 * @module
 */

import { messageOf } from "../../foreign/text_of.ts";
import type { MessageChannel, MessageReceiver } from "../channel/transport.ts";

const HIGH_WATER_BYTES = 2 * 1024 * 1024;
const LOW_WATER_BYTES = HIGH_WATER_BYTES / 2;
/** How often a congested socket is checked: as often as timers allow, then less while nothing moves. */
const FIRST_POLL_MS = 1;
const LONGEST_POLL_MS = 16;
/** How many bytes may arrive before `start`; a node starts its channels at once. */
const MAX_EARLY_BYTES = 4 * 1024 * 1024;
/** How long a peer may take to answer a close before this side ends without it. */
const CLOSE_TIMEOUT_MS = 800;

const NORMAL_CLOSURE = 1000;
// The runtime allows only 1000 and private codes; these mean the same as 1003 and 1008.
const UNSUPPORTED_DATA = 4003;
const POLICY_VIOLATION = 4008;

/**
 * Messages over a WebSocket that is open.
 *
 * Sending: the runtime copies what it is given and queues without limit;
 * `bufferedAmount` counts truly what has not left, but no event tells when it
 * falls. So it is read only when enough was sent to matter, and looked at again
 * by timer and with each message that comes, only while it is too high.
 * Receiving: the runtime assembles messages whatever happens here, so it is the
 * protocol's credits that bound memory.
 */
export class WebSocketChannel implements MessageChannel {
  readonly kind = "messages";
  readonly remote: string;
  readonly #socket: WebSocket;
  readonly #closeTimeoutMs: number;
  readonly #onEnded: () => void;

  #receiver: MessageReceiver | undefined;
  #early: Uint8Array<ArrayBuffer>[] = [];
  #earlyBytes = 0;

  /** Never less than what the socket has buffered. */
  #bufferedAtMost = 0;
  #congested = false;
  #poll: number | undefined;

  /** Why this side closes, if it does. */
  #closing: string | undefined;
  #closeTimer: number | undefined;
  #failure: string | undefined;
  #ended: string | undefined;

  /**
   * Takes over a socket.
   *
   * @param socket The socket: open, with `binaryType` "arraybuffer", owned from now on.
   * @param remote The other end, for messages.
   * @param onEnded Called once, when nothing of it is open any more.
   * @param closeTimeoutMs How long the other end may take to answer a close.
   */
  constructor(
    socket: WebSocket,
    remote: string,
    onEnded: () => void = () => {},
    closeTimeoutMs: number = CLOSE_TIMEOUT_MS,
  ) {
    this.#socket = socket;
    this.remote = remote;
    this.#closeTimeoutMs = closeTimeoutMs;
    this.#onEnded = onEnded;
    socket.onopen = null;
    socket.onmessage = ({ data }) => this.#take(data);
    socket.onerror = (event) => this.#fail(event);
    socket.onclose = ({ code, reason }) => this.#end(this.#explain(code, reason));
  }

  start(receiver: MessageReceiver): void {
    queueMicrotask(() => {
      this.#receiver = receiver;
      const early = this.#early;
      this.#early = [];
      for (const message of early) {
        if (this.#closing === undefined) receiver.onMessage(message);
      }
      if (this.#ended !== undefined) receiver.onClose(this.#ended);
    });
  }

  send(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#closing !== undefined || this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.send(bytes);
    this.#bufferedAtMost += bytes.length;
    if (this.#congested || this.#bufferedAtMost < HIGH_WATER_BYTES) return;
    this.#bufferedAtMost = this.#socket.bufferedAmount;
    if (this.#bufferedAtMost < HIGH_WATER_BYTES) return;
    this.#congested = true;
    this.#pollIn(FIRST_POLL_MS);
  }

  get congested(): boolean {
    return this.#congested;
  }

  close(): void {
    this.#close(NORMAL_CLOSURE, "closed by this side", "");
  }

  #take(data: unknown): void {
    if (this.#closing !== undefined) return;
    if (!(data instanceof ArrayBuffer)) {
      const reason = "only binary messages are accepted";
      this.#close(UNSUPPORTED_DATA, "the other side sent a message that is not binary", reason);
      return;
    }
    const message = new Uint8Array(data);
    if (this.#receiver !== undefined) {
      this.#receiver.onMessage(message);
      if (this.#congested) this.#look();
      return;
    }
    this.#earlyBytes += message.length;
    if (this.#earlyBytes <= MAX_EARLY_BYTES) {
      this.#early.push(message);
    } else {
      this.#early = [];
      const reason = "too much was sent before the handshake";
      this.#close(POLICY_VIOLATION, `the other side: ${reason}`, reason);
    }
  }

  #pollIn(delayMs: number): void {
    this.#poll = Number(setTimeout(() => {
      this.#poll = undefined;
      const before = this.#bufferedAtMost;
      this.#look();
      if (!this.#congested || this.#ended !== undefined) return;
      const moves = this.#bufferedAtMost < before;
      if (moves) this.#receiver?.onProgress?.("taken");
      this.#pollIn(moves ? FIRST_POLL_MS : Math.min(delayMs * 2, LONGEST_POLL_MS));
    }, delayMs));
  }

  #look(): void {
    this.#bufferedAtMost = this.#socket.bufferedAmount;
    if (!this.#congested || this.#bufferedAtMost > LOW_WATER_BYTES) return;
    this.#congested = false;
    clearTimeout(this.#poll);
    this.#poll = undefined;
    if (this.#closing === undefined) this.#receiver?.onDrain();
  }

  #close(code: number, told: string, toldPeer: string): void {
    if (this.#closing !== undefined || this.#ended !== undefined) return;
    this.#closing = told;
    this.#endSoon(`${told}; the other side did not answer in time`);
    this.#socket.close(code, toldPeer);
  }

  #fail(event: Event): void {
    const { error, message } = event as ErrorEvent;
    this.#failure = message || messageOf(error ?? "unknown failure");
    // A close event should follow; if it does not, this ends all the same.
    if (this.#closeTimer === undefined) this.#endSoon(this.#explain(0, ""));
  }

  #endSoon(reason: string): void {
    this.#closeTimer = Number(setTimeout(() => this.#end(reason), this.#closeTimeoutMs));
  }

  #explain(code: number, reason: string): string {
    if (this.#closing !== undefined) return this.#closing;
    if (this.#failure !== undefined) return `lost: ${this.#failure}`;
    if (code === 0 || code === 1006) return "lost without a close frame";
    return `closed by the other side (code ${code}${reason === "" ? "" : `: ${reason}`})`;
  }

  #end(reason: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    clearTimeout(this.#poll);
    clearTimeout(this.#closeTimer);
    this.#socket.onmessage = this.#socket.onerror = this.#socket.onclose = null;
    this.#receiver?.onClose(reason);
    this.#onEnded();
  }
}
