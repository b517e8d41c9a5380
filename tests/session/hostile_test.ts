import { assert, assertEquals } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import type { SeededRandom } from "../../lib/testing/time/seeded_random.ts";
import { FrameType } from "../../lib/wire/frame.ts";
import { seeded } from "../support/seeded.ts";
import { KeepTarget, numbered, rawCodec, TestStream } from "../support/session/calls.ts";
import { Pair } from "../support/session/pair.ts";
import { joined, parseFrames, rawFrame, u32, utf8 } from "../support/session/raw_frames.ts";
import { ScriptedPeer } from "../support/session/scripted_peer.ts";
import type { Side } from "../support/session/side.ts";

/** Both sides of a conversation in which everything happens, as the batches that each has sent. */
interface Recording {
  readonly fromDialler: Uint8Array[];
  readonly fromAcceptor: Uint8Array[];
}

const LIMITS = { receiveBudgetBytes: 200_000, maxMessageBytes: 100_000, maxFragmentBytes: 4096 };

function newPair(): { pair: Pair; kept: KeepTarget } {
  const pair = new Pair({ unopened: true, both: { limits: LIMITS } });
  pair.echo();
  const kept = new KeepTarget();
  kept.now = () => pair.nowMs;
  pair.acceptor.handlers.set("keep", kept);
  return { pair, kept };
}

/** The same calls in each run, so that recorded batches fit. */
const SCRIPT: readonly ((pair: Pair, kept: KeepTarget) => void)[] = [
  ({ dialler }) => {
    if (dialler.session.state !== "open") return;
    dialler.request("echo", numbered(100), { metadata: { key: "value" }, deadlineMs: 60_000 });
    dialler.request("echo", null);
    dialler.request("echo", numbered(20_000));
    dialler.request("nobody", undefined);
    dialler.request("keep", numbered(9));
    dialler.open("keep", numbered(5), { input: 4, output: 4 });
    dialler.open("keep", numbered(9000), { input: 1, output: 0 });
  },
  ({ dialler, nowMs }, kept) => {
    for (const call of dialler.session.outgoing.calls) {
      if (!(call instanceof TestStream) || call.send === null) continue;
      for (let n = 0; n < 3; n++) call.send.send(rawCodec, numbered(n * 3000));
      call.send.end(() => {}, nowMs);
    }
    const [stream] = kept.streams;
    if (stream?.pending) {
      stream.send?.send(rawCodec, numbered(10));
      stream.send?.send(rawCodec, numbered(10_000));
      stream.responder.finishStream(stream, nowMs);
    }
    const [call] = kept.requests;
    if (call?.pending) {
      const error = new InternodeError("HandlerFailed", "by order", { outcome: "executed" });
      call.responder.failCall(call, error, numbered(4), nowMs);
    }
  },
  (pair) => {
    for (const { session } of [pair.dialler, pair.acceptor]) {
      if (session.state === "open") session.startDraining(pair.nowMs);
    }
    pair.nowMs += 10_000;
    pair.fire();
  },
];

/** Runs the script; what each side has sent goes through `change` before it is delivered. */
function play(
  change: (batch: Uint8Array, fromDialler: boolean, index: number) => Uint8Array[],
): Pair {
  const { pair, kept } = newPair();
  const { dialler, acceptor } = pair;
  const count = new Map<Side, number>();
  const exchange = (): void => {
    for (let rounds = 0; rounds < 100; rounds++) {
      let moved = false;
      for (const [from, to] of [[dialler, acceptor], [acceptor, dialler]] as const) {
        while (from.session.hasOutput) {
          from.drain();
          from.written();
        }
        for (const batch of from.transit.splice(0)) {
          moved = true;
          const index = count.get(from) ?? 0;
          count.set(from, index + 1);
          for (const changed of change(batch, from === dialler, index)) to.receiveBatch(changed);
        }
      }
      if (!moved) return;
    }
  };
  exchange();
  for (const act of SCRIPT) {
    act(pair, kept);
    exchange();
  }
  return pair;
}

function record(): Recording {
  const recording: Recording = { fromDialler: [], fromAcceptor: [] };
  const pair = play((batch, fromDialler) => {
    (fromDialler ? recording.fromDialler : recording.fromAcceptor).push(batch);
    return [batch];
  });
  assertEquals([pair.dialler.session.state, pair.acceptor.session.state], ["open", "open"]);
  return recording;
}

/** Changes a batch as a broken or hostile peer would. */
function mutate(batch: Uint8Array, random: SeededRandom): Uint8Array[] {
  const copy = batch.slice();
  const view = new DataView(copy.buffer);
  const at = random.int(0, copy.length - 1);
  switch (random.int(0, 8)) {
    case 0:
      copy[at]! ^= 1 << random.int(0, 7);
      return [copy];
    case 1:
      copy[at] = random.pick([0, 1, 0x7f, 0x80, 0xff]);
      return [copy];
    case 2:
      return [copy.slice(0, at)];
    case 3:
      return [copy, copy];
    case 4:
      return [];
    case 5:
      return [joined(copy.subarray(0, at), random.bytes(random.int(1, 40)), copy.subarray(at))];
    case 6: {
      // One field of one frame's header.
      const starts: number[] = [];
      for (let start = 0; start < copy.length; start += 16 + view.getUint32(start + 4, true)) {
        starts.push(start);
      }
      const start = random.pick(starts), field = random.pick([0, 1, 2, 4, 8, 12]);
      const value = random.pick([0, 1, 16, 255, 0x10_0000, 0x7fff_ffff, 0xffff_ffff]);
      if (field < 2) copy[start + field] = value;
      else if (field === 2) view.setUint16(start + 2, value, true);
      else view.setUint32(start + field, value, true);
      return [copy];
    }
    case 7: {
      // The frames of the batch in another order.
      const frames = random.shuffle(parseFrames(copy));
      return [joined(...frames.map((frame) => rawFrame(frame.type, frame)))];
    }
    default:
      return [random.bytes(random.int(1, 200))];
  }
}

const RUNS = 2000;

/** A side is fine, or closed with its last word said or heard. */
function assertDecent(pair: Pair): void {
  for (const side of [pair.dialler, pair.acceptor]) {
    const { session, closed } = side;
    assertEquals(session.state === "closed", closed !== null);
    if (closed !== null) {
      assertEquals(session.outgoing.calls.active + session.incoming.calls.active, 0);
      assert(closed.message.length > 10, "a reason is stated");
      assert(
        ["ProtocolError", "PermissionDenied", "Unauthenticated", "Disconnected"].includes(
          closed.code,
        ),
        closed.code,
      );
    }
    session.onTimer(pair.nowMs);
  }
}

Deno.test("thousands of mutated conversations: never an exception, always fine or closed with a reason", () => {
  const random = seeded("mutated conversations");
  const { fromDialler, fromAcceptor } = record();
  let closed = 0;
  for (let run = 0; run < RUNS; run++) {
    const ofDialler = random.chance(0.5);
    const index = random.int(0, (ofDialler ? fromDialler : fromAcceptor).length - 1);
    const mutation = random.fork(`run ${run}`);
    try {
      const pair = play((batch, isDiallers, at) =>
        isDiallers === ofDialler && at === index ? mutate(batch, mutation) : [batch]
      );
      assertDecent(pair);
      if (pair.dialler.closed !== null || pair.acceptor.closed !== null) closed++;
    } catch (error) {
      throw new Error(`run ${run} of seed ${random.seed}: ${error}`, { cause: error });
    }
  }
  assert(closed > RUNS / 6 && closed < RUNS, `${closed} of ${RUNS} were closed`);
});

Deno.test("random bytes after the handshake end the connection with a goodbye", () => {
  const random = seeded("random bytes");
  for (let run = 0; run < 1000; run++) {
    const peer = ScriptedPeer.open(random.pick(["acceptor", "dialler"]));
    peer.send(random.bytes(random.int(1, 300)));
    if (peer.side.closed === null) continue;
    const goodbyes = peer.frames().filter((frame) => frame.type === FrameType.goodbye);
    assertEquals(goodbyes.length, peer.side.closed.code === "ProtocolError" ? 1 : 0);
  }
});

Deno.test("frames of every type with every small field never throw", () => {
  const payloads = [
    new Uint8Array(0),
    new Uint8Array(1),
    new Uint8Array(4),
    u32(0xffff_ffff, 0xffff_ffff, 0xffff_ffff),
    utf8("some text that is no payload of anything"),
  ];
  for (let type = 0; type <= 40; type++) {
    for (const flags of [0, 1, 2, 3, 4, 8, 12, 16, 255]) {
      for (const payload of payloads) {
        for (const role of ["acceptor", "dialler"] as const) {
          const peer = ScriptedPeer.open(role);
          peer.send(rawFrame(type, { flags, code: 0, id: 1 << 20, argument: 1, payload }));
          assert(peer.side.closed === null || peer.side.session.state === "closed");
        }
      }
    }
  }
});

for (
  const [what, batch, reason] of [
    ["shorter than a header", new Uint8Array(15), "within a frame's header"],
    [
      "with a frame that ends beyond it",
      rawFrame(FrameType.ping, { length: 1 }),
      "ends beyond its batch",
    ],
    [
      "with a length near 2^32",
      rawFrame(FrameType.ping, { length: 0xffff_ffff }),
      "4294967295 bytes that ends beyond",
    ],
    [
      "with a length near 2^31",
      rawFrame(FrameType.ping, { length: 0x7fff_fff0 }),
      "ends beyond its batch",
    ],
    [
      "with half a header at its end",
      joined(rawFrame(FrameType.ping), new Uint8Array(8)),
      "within a frame's header",
    ],
    ["with a frame type that there is not", rawFrame(99), "unknown type 99"],
    ["with a handshake frame", rawFrame(FrameType.hello), "unknown type 1"],
    ["with flags that mean nothing", rawFrame(FrameType.ping, { flags: 0x10 }), "flags (16)"],
    [
      "with a kind of payload that there is not",
      rawFrame(FrameType.request, { flags: 3 }),
      "flags (3)",
    ],
    [
      "with a name out of order",
      rawFrame(FrameType.name, { code: 1, payload: new Uint8Array(2) }),
      "name number 1 instead of 0",
    ],
    [
      "with a name cut short",
      rawFrame(FrameType.name, { payload: new Uint8Array([9, 0, 1]) }),
      "cut short or too long",
    ],
    [
      "with a name without its length",
      rawFrame(FrameType.name, { payload: new Uint8Array(1) }),
      "cut short or too long",
    ],
    [
      "with a name that is too long",
      rawFrame(FrameType.name, { payload: joined(new Uint8Array([0, 1]), new Uint8Array(256)) }),
      "too long",
    ],
    [
      "with a call for a name not agreed on",
      rawFrame(FrameType.request, { id: 1 << 20, code: 3, argument: 9 }),
      "name number 3",
    ],
  ] as const
) {
  Deno.test(`a batch ${what} ends the connection`, () => {
    for (const role of ["acceptor", "dialler"] as const) {
      const peer = ScriptedPeer.open(role);
      peer.send(batch);
      peer.expectBreach(reason);
    }
  });
}

Deno.test("metadata that is cut short or too long ends the connection", () => {
  for (
    const payload of [
      new Uint8Array(0),
      new Uint8Array([1]),
      new Uint8Array([5, 0, 1]),
      new Uint8Array([1, 0, 1]),
      new Uint8Array([2, 0, 0, 0]),
      new Uint8Array([4, 0, 9, 0, 0, 0]),
      new Uint8Array([5, 0, 0, 0, 2, 0, 0x61]),
      joined(new Uint8Array([1, 0x10]), new Uint8Array(4097)),
    ]
  ) {
    const peer = ScriptedPeer.open("acceptor");
    peer.send(peer.name(0, "echo"), peer.request(1 << 20, { flags: 4, payload }));
    peer.expectBreach(/metadata/);
  }
});

Deno.test("error frames that are too short for their text end the connection", () => {
  for (
    const payload of [
      new Uint8Array(3),
      new Uint8Array([0, 0, 1, 0]),
      new Uint8Array([0, 0, 255, 255]),
    ]
  ) {
    const peer = ScriptedPeer.open("dialler");
    const call = peer.side.request("echo", null);
    peer.send(rawFrame(FrameType.error, { id: call.id, payload }));
    peer.frames();
    peer.expectBreach("too short for its text");
    assertEquals([call.endings, call.error?.code], [1, "Disconnected"]);
  }
});

Deno.test("a handler that throws where none may ends its connection, not the process", () => {
  const pair = new Pair();
  pair.acceptor.handlers.set("broken", {
    onRequest(): void {
      throw new TypeError("undefined is not a function");
    },
    onOpen(): void {},
  });
  const call = pair.dialler.request("broken", null);
  pair.pump();
  assertEquals(pair.acceptor.closed?.code, "ProtocolError");
  assertEquals(call.error?.code, "Disconnected");
});
