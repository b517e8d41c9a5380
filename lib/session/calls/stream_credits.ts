/**
 * Gives back what the readers of streams have consumed.
 *
 * @module
 */

import { FrameType } from "../../wire/frame.ts";
import type { SendScheduler } from "../sending/send_scheduler.ts";
import type { ReceiveBuffer } from "./receive_buffer.ts";
import type { CreditGranter } from "./receive_half.ts";
import type { ReceiveWindows } from "./receive_windows.ts";

/** The credit of all streams of a session, as long as it is not closed. */
export class StreamCredits implements CreditGranter {
  /** See {@linkcode CreditGranter}. */
  readonly windows: ReceiveWindows;
  readonly #buffer: ReceiveBuffer;
  readonly #scheduler: SendScheduler;
  #isClosed = false;

  /** */
  constructor(buffer: ReceiveBuffer, scheduler: SendScheduler, windows: ReceiveWindows) {
    this.#buffer = buffer;
    this.#scheduler = scheduler;
    this.windows = windows;
  }

  /** See {@linkcode CreditGranter}. */
  release(bytes: number): void {
    if (!this.#isClosed) this.#buffer.release(bytes);
  }

  /** See {@linkcode CreditGranter}. */
  grantCredit(
    type: number,
    id: number,
    messages: number,
    bytes: number,
    nowMs: number,
    windowBytes?: number,
  ): void {
    if (this.#isClosed) return;
    this.#scheduler.nowMs = nowMs;
    if (type === FrameType.inputCredit) this.#buffer.grant(messages);
    this.#scheduler.credit(type, id, messages, bytes, windowBytes);
  }

  /** The session has ended: from now on nothing is given. */
  close(): void {
    this.#isClosed = true;
  }
}
