import { assert, assertEquals } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import type { SendHalf } from "../../lib/session/sending/send_half.ts";
import type { SeededRandom } from "../../lib/testing/time/seeded_random.ts";
import { largestMessage } from "../../lib/wire/limits.ts";
import { seeded } from "../support/seeded.ts";
import {
  assertPayload,
  EchoTarget,
  encodedCodec,
  KeepTarget,
  numbered,
  type Payload,
  rawCodec,
  type TestAccepted,
  type TestCall,
  type TestStream,
} from "../support/session/calls.ts";
import { assertNothingLeft, Pair } from "../support/session/pair.ts";
import type { Side } from "../support/session/side.ts";

/** What was handed to one direction of a stream, in order. */
interface Direction {
  readonly half: SendHalf;
  readonly sent: Payload[];
  readonly received: Payload[];
}

/** Two sessions to which everything happens that can happen, by chance. */
class World {
  readonly pair: Pair;
  readonly calls: { call: TestCall; payload: Payload; echoed: boolean }[] = [];
  readonly streams: { stream: TestStream; side: Side; manual: boolean }[] = [];
  readonly accepted: { stream: TestAccepted; side: Side }[] = [];
  readonly directions: Direction[] = [];
  readonly #random: SeededRandom;
  readonly #maxBytes: number;
  readonly #kept = new Map<Side, KeepTarget>();
  #first = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
    const receiveBudgetBytes = random.pick([65_536, 300_000, 2_000_000]);
    const maxMessageBytes = Math.min(largestMessage(receiveBudgetBytes), 150_000);
    const limits = {
      receiveBudgetBytes,
      maxMessageBytes,
      maxFragmentBytes: random.pick([1024, 5000, 65_536]),
      maxCalls: random.pick([1, 4, 200]),
      streamBudgetBytes: random.pick([1024, 100_000, 1_048_576]),
    };
    // An opening has its credits beside the payload.
    this.#maxBytes = maxMessageBytes - 8;
    const writeFlattenLimit = random.pick([500, 4096]);
    const both = { limits, writeFlattenLimit };
    this.pair = new Pair({ bytes: random.chance(0.5), random, both });
    for (const side of [this.pair.dialler, this.pair.acceptor]) {
      const kept = new KeepTarget();
      kept.now = () => this.pair.nowMs;
      kept.onStream = (stream) => {
        stream.autoRead = random.chance(0.7);
        this.accepted.push({ stream, side });
      };
      side.handlers.set("keep", kept);
      side.handlers.set("echo", new EchoTarget(random.pick([rawCodec, encodedCodec])));
      side.endTurns = random.chance(0.3);
      this.#kept.set(side, kept);
    }
  }

  #payload(): Payload {
    const random = this.#random;
    if (random.chance(0.1)) return random.pick([null, undefined]);
    const most = random.pick([0, 100, 9000, 40_000, this.#maxBytes]);
    return numbered(random.int(0, most), this.#first++);
  }

  #side(): Side {
    return this.#random.pick([this.pair.dialler, this.pair.acceptor]);
  }

  #deadline(): number {
    return this.#random.chance(0.2) ? this.pair.nowMs + this.#random.int(0, 200) : Infinity;
  }

  request(): void {
    const side = this.#side(), payload = this.#payload(), echoed = this.#random.chance(0.5);
    const codec = this.#random.pick([rawCodec, encodedCodec]);
    const call = side.request(echoed ? "echo" : "keep", payload, {
      codec,
      deadlineMs: this.#deadline(),
    });
    this.calls.push({ call, payload, echoed });
  }

  open(): void {
    const random = this.#random, side = this.#side();
    const stream = side.open("keep", this.#payload(), {
      input: random.pick([0, 1, 3, 40]),
      output: random.pick([0, 1, 3, 40]),
      deadlineMs: this.#deadline(),
    });
    stream.autoRead = random.chance(0.7);
    this.streams.push({ stream, side, manual: !stream.autoRead });
  }

  #send(half: SendHalf | null, received: Payload[]): void {
    if (half === null || half.ended) return;
    let direction = this.directions.find((known) => known.half === half);
    if (direction === undefined) this.directions.push(direction = { half, sent: [], received });
    for (let count = this.#random.int(1, 6); count > 0; count--) {
      const payload = this.#payload();
      direction.sent.push(payload);
      half.send(this.#random.pick([rawCodec, encodedCodec]), payload);
    }
  }

  /** Hands messages to one direction of a stream; its other end is the one with the same id. */
  send(): void {
    const random = this.#random;
    if (random.chance(0.5) && this.accepted.length > 0) {
      const { stream, side } = random.pick(this.accepted);
      if (!stream.pending) return;
      const opened = this.streams.find((other) =>
        other.stream.id === stream.id && other.side !== side
      );
      if (opened !== undefined) this.#send(stream.send, opened.stream.received);
    } else if (this.streams.length > 0) {
      const { stream, side } = random.pick(this.streams);
      if (stream.state !== "sent" || stream.opened === 0) return;
      const served = this.accepted.find((other) =>
        other.stream.id === stream.id && other.side !== side && other.stream.pending
      );
      if (served !== undefined) this.#send(stream.send, served.stream.received);
    }
  }

  read(): void {
    const random = this.#random;
    if (this.streams.length > 0) random.pick(this.streams).stream.read(random.int(1, 5));
    if (this.accepted.length > 0) random.pick(this.accepted).stream.read(random.int(1, 5));
  }

  end(): void {
    const random = this.#random, { nowMs } = this.pair;
    const choice = random.int(0, 3);
    if (choice === 0 && this.streams.length > 0) {
      const { stream } = random.pick(this.streams);
      if (stream.state === "sent") stream.send?.end(() => {}, nowMs);
    } else if (this.accepted.length > 0) {
      const { stream } = random.pick(this.accepted);
      if (choice === 1) stream.responder.finishStream(stream, nowMs);
      else if (choice === 2) stream.responder.failCall(stream, FAILED, null, nowMs);
    }
  }

  cancel(): void {
    const random = this.#random;
    const { call } = this.calls.length > 0 ? random.pick(this.calls) : { call: null };
    if (call !== null && random.chance(0.5)) this.#sideOf(call)?.cancel(call);
    else if (this.streams.length > 0) {
      const { stream, side } = random.pick(this.streams);
      side.cancel(stream);
    }
  }

  #sideOf(call: TestCall): Side | null {
    const { dialler, acceptor } = this.pair;
    for (const side of [dialler, acceptor]) {
      if ([...side.session.outgoing.calls].includes(call)) return side;
    }
    return null;
  }

  answer(): void {
    const random = this.#random;
    const requests = this.#kept.get(this.#side())!.requests;
    if (requests.length === 0) return;
    const [call] = requests.splice(random.int(0, requests.length - 1), 1);
    if (random.chance(0.2)) call!.responder.failCall(call!, FAILED, null, this.pair.nowMs);
    else call!.responder.finishCall(call!, rawCodec, call!.payload, this.pair.nowMs);
  }

  pass(): void {
    this.pair.nowMs += this.#random.int(0, 20);
    this.pair.fire();
  }

  act(): void {
    const random = this.#random, draw = random.next();
    if (draw < 0.2) this.request();
    else if (draw < 0.25) this.open();
    else if (draw < 0.5) this.send();
    else if (draw < 0.6) this.read();
    else if (draw < 0.64) this.end();
    else if (draw < 0.7) this.cancel();
    else if (draw < 0.85) this.answer();
    else this.pass();
    for (let steps = random.int(0, 12); steps > 0; steps--) this.pair.step();
  }

  /** Lets everything end that has begun. */
  finish(): void {
    for (let rounds = 0; rounds < 10_000; rounds++) {
      for (const { stream } of [...this.streams, ...this.accepted]) {
        stream.autoRead = true;
        stream.read();
      }
      this.pair.fire();
      this.pair.pump();
      const open = this.accepted.find(({ stream }) => stream.pending && !stream.send?.waiting);
      const kept = [...this.#kept.values()].find((target) => target.requests.length > 0);
      if (open !== undefined) open.stream.responder.finishStream(open.stream, this.pair.nowMs);
      else if (kept !== undefined) {
        const call = kept.requests.pop()!;
        call.responder.finishCall(call, rawCodec, call.payload, this.pair.nowMs);
      } else break;
    }
    this.pair.pump();
  }

  check(): void {
    const { dialler, acceptor } = this.pair;
    assertEquals([dialler.closed, acceptor.closed], [null, null]);
    for (const { call, payload } of this.calls) {
      assertEquals(call.endings, 1, "each call has ended once");
      if (call.error === null) assertPayload(call.response, payload);
    }
    for (const { stream } of this.streams) assertEquals(stream.endings, 1);
    for (const { sent, received } of this.directions) {
      assert(received.length <= sent.length, "nothing comes twice");
      received.forEach((payload, n) => assertPayload(payload, sent[n]));
    }
    assertNothingLeft(this.pair);
    for (const { session, options } of [dialler, acceptor]) {
      assertEquals(session.heldBytes, 0, "held bytes");
      const missing = options.limits.receiveBudgetBytes - session.sendWindowBytes;
      assert(
        missing < options.limits.receiveBudgetBytes / 8,
        `${missing} bytes were not given back`,
      );
    }
  }
}

const FAILED = new InternodeError("HandlerFailed", "by chance", { outcome: "executed" });
const RUNS = 60, ACTIONS = 250;

Deno.test("whatever happens, each call ends once and everything is given back", () => {
  const random = seeded("random sessions");
  for (let run = 0; run < RUNS; run++) {
    const world = new World(random.fork(`run ${run}`));
    try {
      for (let action = 0; action < ACTIONS; action++) world.act();
      world.finish();
      world.check();
    } catch (error) {
      throw new Error(`run ${run} of seed ${random.seed}: ${error}`, { cause: error });
    }
  }
});

Deno.test("whatever was going on, a lost connection ends every call once", () => {
  const random = seeded("random losses");
  for (let run = 0; run < RUNS; run++) {
    const world = new World(random.fork(`run ${run}`));
    for (let action = random.int(1, 150); action > 0; action--) world.act();
    const { dialler, acceptor } = world.pair;
    const [first, second] = random.pick([[dialler, acceptor], [acceptor, dialler]] as const);
    if (random.chance(0.5)) first.session.onLost("cable pulled", world.pair.nowMs);
    else first.session.close(new InternodeError("Closed", "closing"), world.pair.nowMs);
    for (let steps = random.int(0, 50); steps > 0; steps--) world.pair.step();
    second.session.onLost("cable pulled", world.pair.nowMs);
    for (const { call } of world.calls) assertEquals(call.endings, 1);
    for (const { stream } of world.streams) assertEquals(stream.endings, 1);
    for (const { stream } of world.accepted) assert(!stream.pending);
    for (const { session } of [dialler, acceptor]) {
      assertEquals([session.outgoing.calls.active, session.incoming.calls.active], [0, 0]);
      assertEquals([session.queuedBytes, session.nextDeadlineMs()], [0, Infinity]);
    }
  }
});
