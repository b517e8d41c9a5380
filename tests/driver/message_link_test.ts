import { assert, assertEquals } from "@std/assert";
import type { InternodeError } from "@internode/grid";
import { LoopTurn } from "../../lib/driver/loop_turn.ts";
import { MessageLink } from "../../lib/driver/message_link.ts";
import { sharedSecret } from "../../lib/driver/shared_secret.ts";
import type { MessageChannel, MessageReceiver } from "../../lib/transport/channel/transport.ts";
import { VirtualClock } from "../../lib/testing/mod.ts";
import { EchoTarget, numbered, rawCodec, TestCall } from "../support/session/calls.ts";
import { encodeName } from "../../lib/session/frames/handler_name.ts";
import { FrameType, NO_TIMEOUT } from "../../lib/wire/frame.ts";
import { ownerOf } from "../support/session/link_owner.ts";
import { sessionOptions } from "../support/session/options.ts";
import { joined, rawFrame } from "../support/session/raw_frames.ts";
import { TakingStream } from "../support/session/taking_stream.ts";

/** One end of a pair whose messages wait in it, and come one by one while it is not paused. */
class HeldChannel implements MessageChannel {
  readonly kind = "messages";
  readonly remote = "nowhere";
  readonly congested = false;
  readonly limits: number[] = [];
  pauses = 0;
  peer!: HeldChannel;
  readonly #waiting: Uint8Array<ArrayBuffer>[] = [];
  #receiver: MessageReceiver | undefined;
  #paused = false;

  start(receiver: MessageReceiver): void {
    this.#receiver = receiver;
  }

  send(bytes: Uint8Array<ArrayBuffer>): void {
    this.peer.#waiting.push(bytes.slice());
    queueMicrotask(this.peer.deliver);
  }

  limitMessages(maxMessageBytes: number): void {
    this.limits.push(maxMessageBytes);
  }

  pause(): void {
    this.pauses++;
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    queueMicrotask(this.deliver);
  }

  readonly deliver = (): void => {
    while (!this.#paused && this.#waiting.length > 0) {
      this.#receiver?.onMessage(this.#waiting.shift()!);
    }
  };

  close(): void {}
}

/** One end of a pair that nothing can hold back, as in a server of the user's own. */
class EagerChannel implements MessageChannel {
  readonly kind = "messages";
  readonly remote = "nowhere";
  readonly congested = false;
  peer!: EagerChannel;
  receiver!: MessageReceiver;

  start(receiver: MessageReceiver): void {
    this.receiver = receiver;
  }

  send(bytes: Uint8Array<ArrayBuffer>): void {
    const copy = bytes.slice();
    queueMicrotask(() => this.peer.receiver.onMessage(copy));
  }

  close(): void {}
}

/** The same, which takes the memory of messages back. */
class TakingChannel extends EagerChannel {
  readonly takenBack: Uint8Array[] = [];

  takeBack(message: Uint8Array<ArrayBuffer>): void {
    this.takenBack.push(message);
  }
}

/** Joins two channels, so that each is the other's peer. */
function paired<C extends { peer: C }>(near: C, far: C): [C, C] {
  near.peer = far;
  far.peer = near;
  return [near, far];
}

Deno.test("a peer that cannot be held back and heeds no credits is given up, not kept", async () => {
  const clock = new VirtualClock();
  const [near, far] = paired(new EagerChannel(), new EagerChannel());
  const echo = new EchoTarget();
  let ended: InternodeError | null = null;
  const owner = ownerOf(echo, (_, error) => ended = error);
  const limits = { receiveBudgetBytes: 64 * 1024, maxMessageBytes: 32 * 1024 };
  const dialler = new MessageLink(near, sessionOptions("dialler"), ownerOf(echo), clock, 1_000);
  const acceptor = new MessageLink(far, sessionOptions("acceptor", { limits }), owner, clock, 0);
  await clock.settle();
  assertEquals(acceptor.session.state, "open");

  // Each handler ends its turn; until the next one, all that comes has to wait.
  const named = rawFrame(FrameType.name, { payload: encodeName("echo", "") });
  const request = rawFrame(FrameType.request, {
    id: 1 << 20,
    argument: NO_TIMEOUT,
    payload: new Uint8Array(1_000),
  });
  far.receiver.onMessage(joined(named, request, request));
  let sent = 0;
  for (; sent < 100_000 && ended === null; sent++) far.receiver.onMessage(request.slice());
  const error = ended as InternodeError | null;
  assertEquals(error?.code, "ProtocolError");
  assert(sent > 64, `after ${sent} messages that it has promised to take`);
  assert(sent < 10_000, `${sent} messages were kept`);
  for (const link of [dialler, acceptor]) link.session.onLost("the test is over", link.beginTurn());
  await clock.advance(2_000);
});

Deno.test("while a turn's handlers have had their time, no further message is taken", async () => {
  const clock = new VirtualClock();
  const [near, far] = paired(new HeldChannel(), new HeldChannel());
  const echo = new EchoTarget();
  const dialler = new MessageLink(near, sessionOptions("dialler"), ownerOf(null), clock, 1_000);
  // No time at all: each handler ends its turn.
  const acceptor = new MessageLink(far, sessionOptions("acceptor"), ownerOf(echo), clock, 0);
  assertEquals(far.limits, [4096]);
  await clock.settle();
  assertEquals([dialler.session.state, acceptor.session.state], ["open", "open"]);
  assertEquals(far.limits, [4096, 2 * 1024 * 1024]);

  const calls: TestCall[] = [];
  const { outgoing } = dialler.session;
  for (let batch = 0; batch < 3; batch++) {
    const nowMs = dialler.beginTurn();
    const name = outgoing.nameNumber("echo", "", nowMs);
    for (let i = 0; i < 4; i++) {
      calls.push(new TestCall());
      outgoing.request(calls.at(-1)!, name, rawCodec, numbered(10, i), null, nowMs);
    }
    await clock.advance(1);
  }
  assert(far.pauses > 0, "it was never paused");
  for (let i = 0; i < 50 && !calls.every(({ done }) => done); i++) await clock.advance(1);
  assertEquals(calls.map(({ error }) => error), calls.map(() => null));
  assertEquals([echo.calls, calls.every(({ done }) => done)], [12, true]);
  for (const link of [dialler, acceptor]) link.session.onLost("the test is over", link.beginTurn());
  await clock.settle();
});

Deno.test("messages of one request each end the turn, too, when its time is over", async () => {
  const clock = new VirtualClock();
  const [near, far] = paired(new EagerChannel(), new EagerChannel());
  const echo = new EchoTarget(), owner = ownerOf(echo);
  const dialler = new MessageLink(near, sessionOptions("dialler"), owner, clock, 1_000);
  // No time at all: each handler ends its turn.
  const acceptor = new MessageLink(far, sessionOptions("acceptor"), owner, clock, 0);
  await clock.settle();
  assertEquals([dialler.session.state, acceptor.session.state], ["open", "open"]);

  // Time passes, so that a handler's is noticed.
  let passedMs = clock.now();
  clock.now = () => passedMs += 1;
  const deferred: (() => void)[] = [];
  clock.defer = (callback) => void deferred.push(callback);
  far.receiver.onMessage(rawFrame(FrameType.name, { payload: encodeName("echo", "") }));
  for (let id = 1; id <= 4; id++) {
    far.receiver.onMessage(rawFrame(FrameType.request, { id: id << 20, argument: NO_TIMEOUT }));
  }
  const perTurn = [echo.calls];
  for (let next = deferred.shift(); next !== undefined; next = deferred.shift()) {
    const before = echo.calls;
    next();
    perTurn.push(echo.calls - before);
  }
  assertEquals(perTurn.filter((calls) => calls > 0), [1, 1, 1, 1]);
  for (const link of [dialler, acceptor]) link.session.onLost("the test is over", link.beginTurn());
  await clock.settle();
});

Deno.test("a link that waits for a later turn is over only when that has come", async () => {
  const clock = new VirtualClock();
  const [near, far] = paired(new EagerChannel(), new EagerChannel());
  const echo = new EchoTarget();
  let gone = 0;
  const owner = ownerOf(echo, undefined, () => void gone++);
  const dialler = new MessageLink(near, sessionOptions("dialler"), ownerOf(echo), clock, 1_000);
  // Each handler ends its turn, so the second request waits for the next one.
  const acceptor = new MessageLink(far, sessionOptions("acceptor"), owner, clock, 0);
  await clock.settle();
  const named = rawFrame(FrameType.name, { payload: encodeName("echo", "") });
  const request = rawFrame(FrameType.request, { id: 1 << 20, argument: NO_TIMEOUT });
  const next = rawFrame(FrameType.request, { id: 2 << 20, argument: NO_TIMEOUT });
  far.receiver.onMessage(joined(named, request, next));
  acceptor.onClose("");
  assertEquals([acceptor.session.state, gone], ["closed", 0]);
  await clock.settle();
  assertEquals(gone, 1);
  dialler.session.onLost("the test is over", dialler.beginTurn());
  await clock.advance(2_000);
  assertEquals(gone, 1);
});

Deno.test("a large message behind the proof is taken though both had to wait for a later turn", async () => {
  const clock = new VirtualClock();
  const [near, far] = paired(new EagerChannel(), new EagerChannel());
  const echo = new EchoTarget(), auth = sharedSecret("a secret of more than 16 bytes");
  const dialler = new MessageLink(
    near,
    sessionOptions("dialler", { auth }),
    ownerOf(null),
    clock,
    1_000,
  );
  const acceptor = new MessageLink(
    far,
    sessionOptions("acceptor", { auth }),
    ownerOf(echo),
    clock,
    1_000,
  );
  const { onMessage } = dialler, call = new TestCall(), { outgoing } = dialler.session;
  near.receiver = {
    ...near.receiver,
    onMessage: (bytes) => {
      onMessage.call(dialler, bytes);
      const nowMs = dialler.beginTurn(), name = outgoing.nameNumber("echo", "", nowMs);
      outgoing.request(call, name, rawCodec, numbered(6_000), null, nowMs);
      // Others have had all the time of the turn in which the acceptor hears of that.
      LoopTurn.of(clock).add(1_000, nowMs, 1);
    },
    onDrain: () => dialler.onDrain(),
    onClose: (reason) => dialler.onClose(reason),
  };
  for (let i = 0; i < 50 && !call.done; i++) await clock.advance(1);
  assertEquals([call.error, call.response], [null, numbered(6_000)]);
  for (const link of [dialler, acceptor]) link.session.onLost("the test is over", link.beginTurn());
  await clock.advance(2_000);
});

/** What a stream of the dialler got in messages of 200,000 bytes, lent or not, over such a channel. */
async function streamed<C extends EagerChannel & { peer: EagerChannel }>(near: C, lends: boolean) {
  const clock = new VirtualClock(), [, far] = paired<EagerChannel>(near, new EagerChannel());
  const echo = new EchoTarget();
  const dialler = new MessageLink(near, sessionOptions("dialler"), ownerOf(null), clock, 1_000);
  const acceptor = new MessageLink(far, sessionOptions("acceptor"), ownerOf(echo), clock, 1_000);
  await clock.settle();
  const stream = new TakingStream(lends);
  const { outgoing } = dialler.session, nowMs = dialler.beginTurn();
  const name = outgoing.nameNumber("echo", "", nowMs);
  outgoing.open(stream, name, rawCodec, new Uint8Array(0), null, 0, 100, nowMs);
  const messages = [0, 1].map((argument) =>
    rawFrame(FrameType.output, { id: stream.id, argument, payload: numbered(200_000, argument) })
  );
  for (const message of messages) near.receiver.onMessage(message.slice());
  assertEquals(stream.received, [numbered(200_000), numbered(200_000, 1)]);
  for (const link of [dialler, acceptor]) link.session.onLost("the test is over", link.beginTurn());
  await clock.advance(2_000);
  return { stream, messages };
}

Deno.test("a large message that is lent keeps the memory in which it came, others are taken back", async () => {
  const lent = new TakingChannel(), { stream } = await streamed(lent, true);
  assert(lent.takenBack.every(({ length }) => length < 10_000), "it was used again");
  assertEquals(stream.taken.map(({ byteOffset }) => byteOffset), [16, 16]);

  const kept = new TakingChannel(), { messages } = await streamed(kept, false);
  assertEquals(kept.takenBack.filter(({ length }) => length > 10_000), messages);

  // Of a channel that does not say whose memory it is nothing is lent on.
  const plain = await streamed(new EagerChannel(), true);
  assertEquals(plain.stream.taken.map(({ byteOffset }) => byteOffset), [0, 0]);
});

Deno.test("a channel that fails to take memory back is given up", async () => {
  const clock = new VirtualClock();
  const [near, far] = paired<EagerChannel>(new EagerChannel(), new TakingChannel());
  let ended: InternodeError | null = null;
  const owner = ownerOf(null, (_, error) => ended = error);
  (far as TakingChannel).takeBack = () => {
    throw new Error("no room");
  };
  const dialler = new MessageLink(near, sessionOptions("dialler"), ownerOf(null), clock, 1_000);
  new MessageLink(far, sessionOptions("acceptor"), owner, clock, 1_000);
  await clock.settle();
  assert(String(ended).includes("takeBack failed: no room"), String(ended));
  dialler.session.onLost("the test is over", dialler.beginTurn());
  await clock.advance(2_000);
});
