/**
 * Two sessions and the link between them.
 *
 * @module
 */

import { crc32 } from "../../../lib/runtime/checksum.ts";
import { sessionOptions } from "../../support/session/options.ts";
import { App, type FuzzClock } from "./app.ts";
import type { FuzzStream, ServedStream } from "./app_calls.ts";
import { fakeAuthenticator } from "./fake_authenticator.ts";
import { FaultyLink } from "./faulty_link.ts";
import { Feed } from "./feed.ts";
import { FrameCounter } from "./frame_counter.ts";
import type { Setup, Step } from "../fuzz_case.ts";
import { must } from "../fuzz_target.ts";
import { sameBytes } from "../same_value.ts";
import { gist, type Tally } from "../tally.ts";

const MAX_ROUNDS = 100_000;

/** One end: a session, what it writes to, and what feeds it. */
class End {
  readonly app: App;
  readonly feed: Feed;
  readonly out = new FaultyLink();
  readonly #pieces: Uint8Array<ArrayBuffer>[] = [];
  readonly #copies: Uint8Array[] = [];
  isWriting = false;

  constructor(setup: Setup, role: "dialler" | "acceptor", clock: FuzzClock, tally: Tally) {
    const own = role === "dialler" ? "d" : "a";
    const options = sessionOptions(role, {
      auth: setup["auth"] === true ? fakeAuthenticator : null,
      envelope: setup["envelope"] === true,
      checksum: setup["checksum"] === true ? crc32 : null,
      writeFlattenLimit: 500,
      limits: {
        receiveBudgetBytes: Number(setup[`${own}Budget`]),
        maxMessageBytes: Number(setup[`${own}MaxMessage`]),
        maxFragmentBytes: Number(setup[`${own}MaxFragment`]),
        maxCalls: Number(setup[`${own}MaxCalls`]),
        streamBudgetBytes: Number(setup["streamBudget"]),
        sendBudgetBytes: 300_000,
      },
    });
    this.app = new App(options, clock, setup["endTurns"] === true, true);
    this.app.callsOn = setup["callsOn"] === true;
    this.app.maxSendBytes = Number(setup["maxSend"]);
    this.feed = new Feed(this.app, new FrameCounter(this.app, "pair", tally));
  }

  /** Begins a write. Says whether there was anything to write. */
  drain(): boolean {
    if (this.isWriting) return false;
    this.#pieces.length = this.#copies.length = 0;
    const bytes = this.app.session.drain(this.#pieces, this.app.nowMs);
    this.isWriting = bytes > 0;
    for (const piece of this.#pieces) {
      this.out.put(piece);
      this.#copies.push(piece.slice());
    }
    return bytes > 0;
  }

  /** The write is done: what was handed out must not have changed. */
  written(): void {
    if (!this.isWriting) return;
    this.#pieces.forEach((piece, at) =>
      must(sameBytes(piece, this.#copies[at]!), "bytes handed out have changed before recycle")
    );
    this.isWriting = false;
    this.app.session.recycle();
  }
}

/** Plays steps against both, and checks after each what must hold. */
export class PairWorld {
  readonly clock: FuzzClock = { nowMs: 1_000 };
  readonly ends: readonly [End, End];
  readonly #setup: Setup;
  readonly #tally: Tally;

  constructor(setup: Setup, tally: Tally) {
    this.#setup = setup;
    this.#tally = tally;
    this.ends = [
      new End(setup, "dialler", this.clock, tally),
      new End(setup, "acceptor", this.clock, tally),
    ];
  }

  /** Does one step and checks. */
  apply(step: Step): void {
    const from = this.ends[step.side === 0 ? 0 : 1], to = this.ends[step.side === 0 ? 1 : 0];
    switch (step.op) {
      case "drain":
        from.drain();
        if (step.a === 1) from.written();
        break;
      case "written":
        from.written();
        break;
      case "move":
        if (!from.out.isStalled) this.#move(from, to, step.a);
        break;
      case "stall":
        from.out.isStalled = true;
        break;
      case "unstall":
        from.out.isStalled = false;
        break;
      case "flip":
        if (this.#mayFlip()) from.out.flip(step.a);
        break;
      case "cut":
        for (const { out } of this.ends) {
          if (this.#setup["envelope"] === true) out.cut(step.a);
          else out.cutBetweenPieces(step.a);
        }
        break;
      case "time":
        this.#pass(this.clock.nowMs + step.a);
        break;
      case "late":
        // Both were held up: timers come late.
        this.clock.nowMs += step.a;
        for (const { app } of this.ends) app.fire();
        break;
      default:
        from.app.apply(step);
    }
    this.check();
  }

  /** Both sides' timers are called in their order, without delay. */
  #pass(endMs: number): void {
    const [{ app: first }, { app: second }] = this.ends;
    for (;;) {
      const dueMs = Math.min(first.session.nextDeadlineMs(), second.session.nextDeadlineMs());
      if (!(dueMs <= endMs)) break;
      first.passUntil(dueMs);
      second.passUntil(dueMs);
      this.clock.nowMs = Math.max(this.clock.nowMs, dueMs);
    }
    this.clock.nowMs = endMs;
  }

  /** Moves bytes, or a batch, from one side to the other. Says whether there were any. */
  #move(from: End, to: End, count: number): boolean {
    if (to.feed.isInterrupted) {
      to.feed.resumeOnce();
      return true;
    }
    if (this.#setup["envelope"] !== true) {
      const batch = from.out.takePiece();
      if (batch !== null) to.feed.takeBatch(batch);
      return batch !== null;
    }
    const bytes = from.out.takeBytes(count);
    if (bytes !== null) to.feed.takeBytes(bytes, Infinity);
    return bytes !== null;
  }

  /** Only what a checksum covers may be damaged: all that is on the way once both are open. */
  #mayFlip(): boolean {
    return this.#setup["checksum"] === true &&
      this.ends.every(({ app }) => app.session.state === "open");
  }

  /** What holds at any time. */
  check(): void {
    const [dialler, acceptor] = this.ends;
    for (const [{ app }, other] of [[dialler, acceptor], [acceptor, dialler]] as const) {
      const { receiveBudgetBytes, maxCalls } = other.app.options.limits;
      app.check(receiveBudgetBytes, maxCalls);
      const reason = app.closed?.message ?? "";
      const isBreach = app.closed?.code === "ProtocolError" || reason.includes("(ProtocolError)") ||
        reason.includes("refused by this side");
      const isDamaged = dialler.out.isDamaged || acceptor.out.isDamaged;
      must(!isBreach || isDamaged, () => `honest sides fall out: ${reason}`);
    }
  }

  /** Lets everything end that has begun, and sees what has arrived. */
  finish(): void {
    const [dialler, acceptor] = this.ends;
    const isCut = dialler.out.isCut || dialler.out.isDamaged || acceptor.out.isDamaged;
    for (const { out } of this.ends) out.isStalled = false;
    if (!isCut) this.#settle();
    else this.#pump();
    const isWhole = !isCut && this.ends.every(({ app }) => app.closed === null);
    if (isWhole) this.#checkSettled();
    this.#tally.add("pair: outcomes", isWhole ? "all is done" : this.#reason());
    for (const { app } of this.ends) {
      if (app.closed === null) app.session.onLost("the run is over", this.clock.nowMs);
    }
    this.check();
    this.#compareStreams(dialler, acceptor);
    this.#compareStreams(acceptor, dialler);
  }

  #reason(): string {
    const codes = this.ends.map(({ app }) =>
      app.closed === null
        ? "open"
        : gist(app.closed.message).replaceAll(/checksum \w+ instead of \w+/g, "a wrong checksum")
          .slice(0, 70)
    );
    return codes.join(" / ");
  }

  #pump(): void {
    const [dialler, acceptor] = this.ends;
    for (let rounds = 0;; rounds++) {
      must(rounds < MAX_ROUNDS, "the two sides never fall silent");
      let moved = false;
      for (const [from, to] of [[dialler, acceptor], [acceptor, dialler]] as const) {
        from.written();
        if (from.app.session.hasOutput && from.drain()) moved = true;
        while (to.feed.isInterrupted || from.out.length > 0) {
          moved = true;
          if (!this.#move(from, to, 100_000)) break;
        }
      }
      if (!moved) return;
      this.check();
    }
  }

  /** Reads, answers and ends whatever there is, until nothing is left. */
  #settle(): void {
    for (let rounds = 0; rounds < 1_000; rounds++) {
      this.#pump();
      if (this.ends.some(({ app }) => app.closed !== null)) return;
      let isDone = true;
      for (const { app } of this.ends) {
        app.fire();
        app.callsOn = false;
        for (const stream of [...app.streams, ...app.served]) {
          stream.autoRead = true;
          stream.received.read(stream.receive, Infinity);
        }
        if (app.requests.length > 0) app.answer(0, 3);
        app.served.forEach((stream, place) => stream.pending && app.finish(place));
        if (app.session.outgoing.calls.active > 0 || app.session.incoming.calls.active > 0) {
          isDone = false;
        }
      }
      this.#pump();
      if (isDone) return;
    }
    must(false, "some calls never end");
  }

  #checkSettled(): void {
    const [dialler, acceptor] = this.ends;
    for (const [{ app }, other] of [[dialler, acceptor], [acceptor, dialler]] as const) {
      const { session } = app;
      for (const call of app.calls) must(call.endings === 1, "a request has not ended");
      for (const stream of app.streams) must(stream.endings === 1, "a stream has not ended");
      must(session.heldBytes === 0, () => `${session.heldBytes} bytes are held of nothing`);
      must(session.queuedBytes === 0 && !session.hasOutput, "something is left to be sent");
      const { receiveBudgetBytes } = other.app.options.limits;
      const missing = receiveBudgetBytes - session.sendWindowBytes;
      must(missing < receiveBudgetBytes / 8, () => `${missing} bytes were not given back`);
    }
  }

  /** What came is what was sent, in order; all of it where a direction has ended well. */
  #compareStreams(from: End, to: End): void {
    const served = new Map<number, ServedStream>();
    for (const stream of to.app.served) served.set(stream.id, stream);
    for (const opened of from.app.streams) {
      const other = served.get(opened.lastId);
      if (other !== undefined) compare(opened, other);
    }
  }
}

function compare(opened: FuzzStream, served: ServedStream): void {
  comparePart(opened.sent, served.received.lengths, served.endings > 0, "inputs");
  comparePart(served.sent, opened.received.lengths, opened.endedWell, "outputs");
}

function comparePart(
  sent: readonly number[],
  received: readonly number[],
  isWhole: boolean,
  what: string,
): void {
  must(
    received.length <= sent.length && received.every((length, at) => length === sent[at]) &&
      (!isWhole || received.length === sent.length),
    () =>
      `${received.length} of ${sent.length} ${what} came, and the stream ended well: ${isWhole}`,
  );
}
