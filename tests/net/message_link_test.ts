import { assert, assertEquals } from "@std/assert";
import type { LinkOwner } from "../../lib/net/link.ts";
import { MessageLink } from "../../lib/net/message_link.ts";
import type { MessageChannel, MessageReceiver } from "../../lib/net/transport.ts";
import type { HandlerTarget } from "../../lib/session/handler_target.ts";
import { VirtualClock } from "../../lib/testing/mod.ts";
import { EchoTarget, numbered, rawCodec, TestCall } from "../session/calls.ts";
import { sessionOptions } from "../session/options.ts";

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

Deno.test("while a turn's handlers have had their time, no further message is taken", async () => {
  const clock = new VirtualClock();
  const near = new HeldChannel(), far = new HeldChannel();
  near.peer = far;
  far.peer = near;
  const echo = new EchoTarget();
  const ownerWith = (target: HandlerTarget | null): LinkOwner => ({
    admit: () => null,
    resolve: () => target,
    onOpen: () => {},
    onDraining: () => {},
    onClosed: () => {},
    onGone: () => {},
  });
  const dialler = new MessageLink(near, sessionOptions("dialler"), ownerWith(null), clock, 1_000);
  // No time at all: each handler ends its turn.
  const acceptor = new MessageLink(far, sessionOptions("acceptor"), ownerWith(echo), clock, 0);
  assertEquals(far.limits, [4096]);
  await clock.settle();
  assertEquals([dialler.session.state, acceptor.session.state], ["open", "open"]);
  assertEquals(far.limits, [4096, 2 * 1024 * 1024]);

  const calls: TestCall[] = [];
  const { caller } = dialler.session;
  for (let batch = 0; batch < 3; batch++) {
    const nowMs = dialler.beginTurn();
    const name = caller.nameNumber("echo", "", nowMs);
    for (let i = 0; i < 4; i++) {
      calls.push(new TestCall());
      caller.request(calls.at(-1)!, name, rawCodec, numbered(10, i), null, nowMs);
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
