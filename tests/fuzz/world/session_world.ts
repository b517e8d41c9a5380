/**
 * A session, what feeds it and what hears it.
 *
 * @module
 */

import { crc32 } from "../../../lib/runtime/checksum.ts";
import { sessionOptions } from "../../support/session/options.ts";
import { App, type FuzzClock } from "./app.ts";
import { fakeAuthenticator } from "./fake_authenticator.ts";
import { Feed } from "./feed.ts";
import { FrameCounter } from "./frame_counter.ts";
import { type SeenFrame, walk } from "../frame_walker.ts";
import type { Setup, Step } from "../fuzz_case.ts";
import { Finding, must } from "../fuzz_target.ts";
import { OutputJudge } from "./output_judge.ts";
import { gist, type Tally } from "../tally.ts";

/** Hears what the session says. */
export type Listener = (frame: SeenFrame) => void;

/** Plays steps against one session, and checks after each what must hold. */
export class SessionWorld {
  readonly app: App;
  readonly clock: FuzzClock = { nowMs: 1_000 };

  readonly #setup: Setup;
  readonly #tally: Tally;
  readonly #judge = new OutputJudge();
  readonly #listener: Listener;
  readonly #feed: Feed;
  readonly #pieces: Uint8Array<ArrayBuffer>[] = [];
  #heardCrc = 0;
  #spokenCrc = 0;
  #writing = false;

  constructor(setup: Setup, tally: Tally, listener: Listener = () => {}) {
    this.#setup = setup;
    this.#tally = tally;
    this.#listener = listener;
    const options = sessionOptions(setup["role"] === "dialler" ? "dialler" : "acceptor", {
      auth: setup["auth"] === true ? fakeAuthenticator : null,
      envelope: setup["envelope"] === true,
      checksum: setup["checksum"] === true ? crc32 : null,
      writeFlattenLimit: 2_000,
      limits: {
        receiveBudgetBytes: Number(setup["budget"]),
        maxMessageBytes: Number(setup["maxMessage"]),
        maxFragmentBytes: Number(setup["maxFragment"]),
        maxCalls: Number(setup["maxCalls"]),
        streamBudgetBytes: Number(setup["streamBudget"]),
        sendBudgetBytes: Number(setup["sendBudget"]),
      },
    });
    this.app = new App(options, this.clock, setup["endTurns"] === true, false);
    this.app.callsOn = setup["callsOn"] === true;
    this.app.maxSendBytes = Number(setup["maxSend"]);
    const judge = (frame: SeenFrame): void => this.#judge.onHeard(frame);
    this.#feed = new Feed(this.app, new FrameCounter(this.app, "session", tally, judge));
  }

  /** Does one step and checks. */
  apply(step: Step): void {
    const { app } = this;
    switch (step.op) {
      case "batch":
        if (step.bytes !== null && step.bytes.length > 0) this.#hear(step.bytes);
        break;
      case "drain":
        this.#drain();
        if (step.a === 1) this.#written();
        break;
      case "written":
        this.#written();
        break;
      case "time": {
        const endMs = this.clock.nowMs + step.a;
        app.passUntil(endMs);
        this.clock.nowMs = endMs;
        break;
      }
      case "late":
        // The process was held up: the timer comes late.
        this.clock.nowMs += step.a;
        app.fire();
        break;
      default:
        app.apply(step);
    }
    app.check(this.#judge.budgetBytes, this.#judge.maxCalls);
  }

  /** The end of a run: what is left goes, and everything ends. */
  finish(): void {
    const { app } = this, { session } = app;
    this.#feed.resume();
    for (let rounds = 0; this.#writing || session.hasOutput; rounds++) {
      must(rounds < 10_000, "the session never falls silent");
      this.#written();
      if (this.#drain() === 0 && !session.hasOutput) break;
    }
    const how = app.closed === null
      ? "open at the end of the run"
      : `${app.closed.code}: ${gist(app.closed.message)}`;
    this.#tally.add("session: outcomes", app.closed === null ? how : app.closed.code);
    if (app.closed !== null) this.#tally.add("session: reasons for the end", how);
    if (app.closed === null) session.onLost("the run is over", this.clock.nowMs);
    app.check(this.#judge.budgetBytes, this.#judge.maxCalls);
  }

  #hear(batch: Uint8Array): void {
    const { session } = this.app;
    if (this.#setup["envelope"] !== true) return this.#feed.takeBatch(new Uint8Array(batch));
    const bytes = new Uint8Array(8 + batch.length);
    const view = new DataView(bytes.buffer);
    bytes.set(batch, 8);
    view.setUint32(0, batch.length, true);
    if (session.state === "open" && session.batchChecksum !== null) {
      this.#heardCrc = crc32(batch, this.#heardCrc);
      view.setUint32(4, this.#heardCrc, true);
    }
    this.#feed.takeBytes(bytes, Number(this.#setup["pieceBytes"]));
  }

  #drain(): number {
    if (this.#writing) return 0;
    const pieces = this.#pieces;
    pieces.length = 0;
    const bytes = this.app.session.drain(pieces, this.clock.nowMs);
    this.#writing = bytes > 0;
    if (bytes > 0) this.#listen(pieces, bytes);
    return bytes;
  }

  #listen(pieces: readonly Uint8Array[], total: number): void {
    if (this.#setup["envelope"] !== true) {
      for (const piece of pieces) this.#listenTo(piece, 0, piece.length);
      return;
    }
    const [first] = pieces;
    const bytes = pieces.length === 1 ? first! : joined(pieces, total);
    must(bytes.length === total, "fewer bytes are handed out than was said");
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < total;) {
      const start = at + 8, end = start + view.getUint32(at, true);
      const sum = view.getUint32(at + 4, true);
      must(end <= total, "a drain ends within a batch");
      if (sum !== 0) {
        this.#spokenCrc = crc32(bytes.subarray(start, end), this.#spokenCrc);
        if (sum !== this.#spokenCrc) throw new Finding("a batch that leaves has a wrong checksum");
      }
      this.#listenTo(bytes, start, end);
      at = end;
    }
  }

  #listenTo(bytes: Uint8Array, start: number, end: number): void {
    walk(bytes, start, end, (frame) => {
      this.#judge.onSpoken(frame);
      this.#listener(frame);
    });
  }

  #written(): void {
    if (!this.#writing) return;
    this.#writing = false;
    this.app.session.recycle();
  }

  /** How many bytes of bulk the session has sent. */
  get bulkBytes(): number {
    return this.#judge.bulkBytes;
  }
}

function joined(parts: readonly Uint8Array[], total: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
