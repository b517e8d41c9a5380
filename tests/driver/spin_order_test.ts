import { assert, assertEquals } from "@std/assert";
import { resolveConnectionOptions } from "../../lib/rpc/connecting/connection_options.ts";
import type { ByteLink } from "../../lib/driver/byte_link.ts";
import { parseHostAddress } from "../../lib/runtime/host_address.ts";
import type { LinkDelegate } from "../../lib/driver/link.ts";
import { LinkMaker } from "../../lib/driver/link_maker.ts";
import type {
  Channel,
  PollableChannel,
  SocketPoll,
} from "../../lib/transport/channel/transport.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { systemTransports } from "../../lib/transport/transports.ts";
import type { SeededRandom } from "../../lib/testing/time/seeded_random.ts";
import { InternodeError } from "../../lib/errors.ts";
import type { HandlerTarget } from "../../lib/session/calls/handler_target.ts";
import { OutgoingCall } from "../../lib/session/sending/outgoing_call_table.ts";
import type { Responder } from "../../lib/session/calls/responder.ts";
import type { ByteReader } from "../../lib/wire/byte_reader.ts";
import { rawCodec } from "../support/session/calls.ts";
import { seeded } from "../support/seeded.ts";
import { FFI, FILES, NET } from "../support/permitted.ts";

/** Requests and their answers, both ways: so many frames in all. */
const FRAMES = 1_000_000;
/** Small ones go in one piece and in order; large ones fill the socket's buffers. */
const LARGE_BYTES = 700_000;
const LARGE_EACH = 5_000;

/** How often each way of reading and writing was taken. */
interface Tally {
  read: number;
  polled: number;
  /** A read had completed and nobody was told. */
  undelivered: number;
  sent: number;
  short: number;
  written: number;
}

/** A channel whose socket reads and writes less than it could, by chance. */
class FickleChannel implements PollableChannel {
  readonly kind = "bytes";
  readonly integrity = false;
  readonly tally: Tally = { read: 0, polled: 0, undelivered: 0, sent: 0, short: 0, written: 0 };
  readonly #channel: PollableChannel;
  readonly #random: SeededRandom;
  #pending: Uint8Array | null = null;
  #before = new Uint8Array(0);

  constructor(channel: PollableChannel, random: SeededRandom) {
    this.#channel = channel;
    this.#random = random;
  }

  get remote(): string {
    return this.#channel.remote;
  }

  async read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    this.#pending = into;
    this.#before = into.slice(0, 8);
    const count = await this.#channel.read(into);
    this.#pending = null;
    this.tally.read++;
    return count;
  }

  /** Whether the runtime has read already what it has not told of yet. */
  get hasUndelivered(): boolean {
    const pending = this.#pending;
    return pending !== null && this.#before.some((byte, at) => pending[at] !== byte);
  }

  write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    this.tally.written++;
    return this.#channel.write(bytes);
  }

  close(): void {
    this.#channel.close();
  }

  socket(): SocketPoll | null {
    const socket = this.#channel.socket!(), random = this.#random, tally = this.tally;
    return socket && {
      isReady: true,
      receive(into) {
        if (random.chance(0.2)) return -1;
        const some = random.chance(0.7) ? into.length : random.int(1, Math.min(200, into.length));
        const count = socket.receive(into.subarray(0, some));
        if (count > 0) tally.polled++;
        return count;
      },
      hasBytes: () => socket.hasBytes(),
      send(bytes) {
        // Of a few bytes alone the mark could not always tell that they have come.
        const some = random.pick([
          bytes.length,
          bytes.length,
          bytes.length,
          0,
          random.int(4, 2_000),
        ]);
        const count = some === 0 ? 0 : socket.send(bytes.subarray(0, some));
        tally.sent++;
        if (count < bytes.length) tally.short++;
        return count;
      },
    };
  }
}

/** A request whose number is among its bytes; its answer is to be the same bytes. */
class NumberedCall extends OutgoingCall {
  readonly end: End;
  readonly number: number;
  readonly bytes: Uint8Array;

  constructor(end: End, number: number, bytes: Uint8Array) {
    super();
    this.end = end;
    this.number = number;
    this.bytes = bytes;
  }

  override onResponse(_kind: number, reader: ByteReader): void {
    this.end.onAnswer(this, reader);
  }

  override onError(error: unknown): void {
    this.end.fail(error);
  }
}

/** One end of a connection: sends numbered requests, and answers those of the other end. */
class End implements LinkDelegate {
  readonly link: ByteLink;
  readonly channel: FickleChannel;
  readonly opened = Promise.withResolvers<void>();
  readonly gone = Promise.withResolvers<void>();
  answered = 0;
  failure: unknown = null;
  isOver = false;
  #made = 0;
  #heard = 0;
  #answeredSmall = -1;
  readonly #random: SeededRandom;

  constructor(role: "dialler" | "acceptor", channel: Channel, random: SeededRandom) {
    this.#random = random;
    this.channel = new FickleChannel(channel as PollableChannel, random);
    const options = resolveConnectionOptions({ spinUs: 10, livenessTimeoutMs: 1e6 });
    this.link = new LinkMaker(role, options).make(this.channel, role, "", this) as ByteLink;
  }

  /** Makes some requests, at most so many that 60 are under way. */
  call(count: number): void {
    const { outgoing } = this.link.session;
    const nowMs = this.link.beginTurn();
    const name = outgoing.nameNumber("echo", "", nowMs);
    for (; count > 0 && this.#made - this.answered < 100; count--) {
      const number = this.#made++;
      const isLarge = number % LARGE_EACH === LARGE_EACH - 1;
      const bytes = new Uint8Array(isLarge ? LARGE_BYTES : this.#random.int(4, 120));
      bytes.fill(number % 251);
      new DataView(bytes.buffer).setUint32(0, number);
      outgoing.request(new NumberedCall(this, number, bytes), name, rawCodec, bytes, null, nowMs);
    }
  }

  onRequest(responder: Responder, id: number, reader: ByteReader): void {
    const bytes = reader.takeBytes(reader.remaining).slice();
    // A large one comes in pieces that others overtake.
    if (bytes.length < LARGE_BYTES) {
      const number = new DataView(bytes.buffer).getUint32(0);
      if (number < this.#heard) this.fail(`request ${number} came after ${this.#heard}`);
      this.#heard = number;
    }
    responder.respond(id, rawCodec, bytes);
  }

  onAnswer(call: NumberedCall, reader: ByteReader): void {
    const bytes = reader.takeBytes(reader.remaining);
    const isSame = bytes.length === call.bytes.length &&
      bytes.every((byte, at) => byte === call.bytes[at]);
    if (!isSame) this.fail(`the answer to request ${call.number} is another one's`);
    if (bytes.length < LARGE_BYTES) {
      if (call.number < this.#answeredSmall) this.fail(`answer ${call.number} came late`);
      this.#answeredSmall = call.number;
    }
    this.answered++;
  }

  fail(failure: unknown): void {
    if (!this.isOver) this.failure ??= failure;
  }

  onOpen(): void {
    this.opened.resolve();
  }

  onClosed(_link: unknown, error: InternodeError): void {
    this.fail(error);
  }

  onGone(): void {
    this.gone.resolve();
  }

  onDraining(): void {}

  checkPeer(): null {
    return null;
  }

  resolve(): HandlerTarget {
    return {
      onRequest: (responder, id, _kind, reader) => this.onRequest(responder, id, reader),
      onOpen: () => this.fail("nobody opens streams"),
    };
  }

  /** Polls a few times, as a spin does, unless there is something else to do first. */
  poll(): void {
    for (let polls = this.#random.int(1, 5); polls > 0; polls--) {
      const { channel, link } = this;
      const mustWait = channel.hasUndelivered;
      if (mustWait) channel.tally.undelivered++;
      if (!link.startPolling()) return;
      assert(!mustWait, "polled though a read had completed");
      link.poll(systemClock.now());
    }
  }
}

async function connect(host: string): Promise<[Channel, Channel, () => Promise<void>]> {
  const address = parseHostAddress(host), transport = systemTransports()[address.scheme]!;
  const accepted = Promise.withResolvers<Channel>();
  const listener = await transport.listen(address, { path: "/", accept: accepted.resolve });
  const { signal } = new AbortController();
  const dialled = await transport.dial(listener.address, { path: "/", signal });
  return [dialled, await accepted.promise, () => listener.close()];
}

const ONE_BYTE = new Uint8Array(1);

/** Reads of the runtime, polls, and writes in both ways, in an order that chance makes. */
async function alternate(host: string, name: string): Promise<void> {
  const random = seeded(name);
  const [dialled, accepted, closeListener] = await connect(host);
  const ends = [new End("dialler", dialled, random), new End("acceptor", accepted, random)];
  const isDone = (): boolean => ends.every(({ answered }) => answered * 4 >= FRAMES);
  try {
    await Promise.all(ends.map(({ opened }) => opened.promise));
    while (!isDone() && ends.every(({ failure }) => failure === null)) {
      const end = random.pick(ends), what = random.next();
      if (what < 0.3) end.call(random.int(1, 20));
      else if (what < 0.6) end.poll();
      else if (what < 0.65) await null;
      else if (what < 0.7) await new Promise((resolve) => systemClock.soon(() => resolve(null)));
      else if (what < 0.8) await new Promise<void>((resolve) => systemClock.defer(resolve));
      else {
        // A read may have completed in the same turn, and nobody was told of it yet.
        await crypto.subtle.digest("SHA-1", ONE_BYTE).then(() => end.poll());
      }
    }
  } finally {
    for (const end of ends) end.isOver = true;
    for (const { link } of ends) {
      link.close(new InternodeError("Closed", "The test is over.", { origin: "local" }));
    }
    await Promise.all(ends.map(({ gone }) => gone.promise));
    await closeListener();
  }
  for (const { failure, channel: { tally } } of ends) {
    assertEquals(failure, null);
    const { read, polled, sent, short, written } = tally;
    // All of the ways were taken, and often.
    assert(Math.min(read, polled, sent, short, written) > 100, JSON.stringify(tally));
  }
  const undelivered = ends.reduce((sum, { channel }) => sum + channel.tally.undelivered, 0);
  console.log(`${name}: ${JSON.stringify(ends.map(({ channel }) => channel.tally))}`);
  assert(undelivered > 0, "no poll met a read that had completed");
}

Deno.test(
  { name: "spin: a million frames over TCP keep their order", ignore: !FFI || !NET },
  () => alternate("tcp://127.0.0.1:0", "order over TCP"),
);

Deno.test({
  name: "spin: a million frames over a Unix socket keep their order",
  ignore: !FFI || !NET || !FILES,
}, async () => {
  const folder = await Deno.makeTempDir({ prefix: "internode-" });
  try {
    await alternate(`unix://${folder}/order.sock`, "order over a Unix socket");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
