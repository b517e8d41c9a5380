import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { crc32 } from "../../lib/runtime/checksum.ts";
import { sharedSecret } from "../../lib/driver/shared_secret.ts";
import { encodeHello, type Hello } from "../../lib/session/frames/hello.ts";
import { FrameType } from "../../lib/wire/frame.ts";
import { numbered } from "../support/session/calls.ts";
import { type SideOptions, WALL_MS } from "../support/session/options.ts";
import { Pair, type PairOptions } from "../support/session/pair.ts";
import { provingLast } from "../support/session/proving_last.ts";
import { joined, parseFrames, rawFrame, textOf } from "../support/session/raw_frames.ts";
import { peerHello, ScriptedPeer } from "../support/session/scripted_peer.ts";

const SECRET = sharedSecret("a secret of more than 16 bytes");
const OTHER = sharedSecret("another secret of such a length");

Deno.test("both sides learn the other's name, instance and clock", () => {
  const pair = new Pair();
  const { dialler, acceptor } = pair;
  assertEquals([dialler.opened, acceptor.opened], [1, 1]);
  assertEquals(dialler.peer, {
    name: "tcp://b:2",
    instance: "b2".repeat(16),
    renews: false,
    clockSkewMs: 0,
    isOpen: true,
  });
  assertEquals(acceptor.peer, {
    name: "tcp://a:1",
    instance: "a1".repeat(16),
    renews: false,
    clockSkewMs: 0,
    isOpen: false,
  });
  assertEquals([acceptor.admitted, dialler.admitted], [["tcp://a:1"], ["tcp://b:2"]]);
});

for (const auth of [null, SECRET]) {
  for (const checksums of ["both", "dialler", "acceptor", "none"] as const) {
    Deno.test(`${auth ? "with" : "without"} a secret, checksums on ${checksums}: calls work both ways`, () => {
      const checksum = (on: boolean): SideOptions => ({
        auth,
        envelope: true,
        checksum: on ? crc32 : null,
      });
      const pair = new Pair({
        bytes: true,
        dialler: checksum(checksums === "both" || checksums === "dialler"),
        acceptor: checksum(checksums === "both" || checksums === "acceptor"),
      });
      assertEquals(pair.dialler.session.batchChecksum !== null, checksums === "both");
      assertEquals(pair.acceptor.session.batchChecksum !== null, checksums === "both");
      pair.echo();
      const there = pair.dialler.request("echo", numbered(100));
      const back = pair.acceptor.request("echo", numbered(100));
      pair.pump();
      assertEquals([there.response, back.response], [numbered(100), numbered(100)]);
    });
  }
}

/** Two sides of which one refuses: both end with the reason. */
function refused(options: PairOptions, by: "dialler" | "acceptor", reason: string): void {
  const pair = new Pair({ ...options, unopened: true });
  const { dialler, acceptor } = pair;
  if (options.acceptor === ADMITS_NONE) acceptor.refusal = "it is not in the list of hosts";
  if (options.dialler === TAKES_NONE) dialler.refusal = "it is not in the list of hosts";
  pair.pump();
  const [refuser, other] = by === "dialler" ? [dialler, acceptor] : [acceptor, dialler];
  assertEquals([dialler.session.state, acceptor.session.state], ["closed", "closed"]);
  // Who refuses knows why; the other side goes by whether it has proven anything.
  const why = /this side requires|proof|the peer is/.test(reason);
  const said = /requires a shared secret, and this side/.test(reason);
  const code = (of: boolean): string => of ? "Unauthenticated" : "PermissionDenied";
  assertEquals([refuser.closed?.code, other.closed?.code], [code(why), code(!said)]);
  assertStringIncludes(refuser.closed!.message, "refused by this side");
  assertStringIncludes(refuser.closed!.message, reason);
  assertStringIncludes(other.closed!.message, "refused by the peer");
  assertStringIncludes(other.closed!.message, reason);
  assertEquals([dialler.session.nextDeadlineMs(), dialler.session.hasOutput], [Infinity, false]);
}

const ADMITS_NONE: SideOptions = {};
// Without checksums, as over TLS: the acceptor has no secret to wait for, and already counts on them.
const TAKES_NONE: SideOptions = { checksum: null };

for (
  const [what, options, by, reason] of [
    [
      "a dialler that looks for somebody else",
      { dialler: { peerName: "tcp://c:3" } },
      "acceptor",
      'wants to talk to "tcp://c:3", this is "tcp://b:2"',
    ],
    [
      "an acceptor of another name",
      { dialler: { peerName: "" }, acceptor: { peerName: "tcp://d:4" } },
      "acceptor",
      'the peer is "tcp://a:1", not "tcp://d:4"',
    ],
    [
      "a name that is not admitted",
      { acceptor: ADMITS_NONE },
      "acceptor",
      "not in the list of hosts",
    ],
    [
      "an acceptor that is not admitted",
      { dialler: TAKES_NONE },
      "dialler",
      "not in the list of hosts",
    ],
    [
      "a secret on the dialler alone",
      { dialler: { auth: SECRET } },
      "acceptor",
      '"tcp://a:1" requires a shared secret, and this side has none',
    ],
    [
      "a secret on the acceptor alone",
      { acceptor: { auth: SECRET } },
      "acceptor",
      'this side requires a shared secret, and "tcp://a:1" has none',
    ],
    [
      "a wrong secret",
      { dialler: { auth: OTHER }, acceptor: { auth: SECRET } },
      "acceptor",
      "proof of the shared secret is wrong",
    ],
  ] as const
) {
  for (const bytes of [false, true]) {
    Deno.test(`${what} is refused, with the reason at both ends, over ${bytes ? "bytes" : "batches"}`, () =>
      refused({ ...options, bytes }, by, reason));
  }
}

/** A dialler under test that gets this hello. */
function answered(hello: Partial<Hello>, options: SideOptions = {}): ScriptedPeer {
  const peer = new ScriptedPeer("dialler", options);
  peer.expect(FrameType.hello);
  peer.send(rawFrame(FrameType.hello, { payload: encodeHello(peerHello(hello)) }));
  return peer;
}

/** An acceptor under test that gets this hello. */
function greeted(hello: Partial<Hello>, options: SideOptions = {}): ScriptedPeer {
  const peer = new ScriptedPeer("acceptor", options);
  peer.send(rawFrame(FrameType.hello, { payload: encodeHello(peerHello(hello)) }));
  return peer;
}

for (const [role, meet] of [["dialler", answered], ["acceptor", greeted]] as const) {
  Deno.test(`the ${role} refuses versions that do not overlap with its own`, () => {
    for (const [minVersion, maxVersion] of [[2, 3], [0, 0], [2, 0xffff]] as const) {
      const peer = meet({ minVersion, maxVersion });
      peer.expectBreach(`versions ${minVersion} to ${maxVersion}, this side 1 to 1`, 10);
    }
    for (const [minVersion, maxVersion] of [[1, 1], [0, 1], [1, 9], [0, 0xffff]] as const) {
      assert(meet({ minVersion, maxVersion }).side.session.state !== "closed");
    }
  });

  Deno.test(`the ${role} refuses a clock that is too far off`, () => {
    for (const skew of [300_001, -300_001, NaN, Infinity]) {
      const peer = meet({ wallMs: WALL_MS + skew });
      peer.expectBreach("synchronise them", 10);
    }
    for (const skew of [300_000, -300_000]) {
      assert(meet({ wallMs: WALL_MS + skew }).side.session.state !== "closed");
    }
    meet({ wallMs: WALL_MS + 1001 }, { maxClockSkewMs: 1000 })
      .expectBreach("the clocks differ by 1 s, more than the 1 s allowed", 10);
  });

  Deno.test(`the ${role} refuses limits that make no sense`, () => {
    for (
      const hello of [{ maxFragmentBytes: 1023 }, { maxCalls: 0 }, { receiveBudgetBytes: 65_535 }]
    ) {
      meet(hello).expectBreach("its limits are invalid", 10);
    }
  });

  Deno.test(`the ${role} refuses a hello of another protocol, cut short or with a broken name`, () => {
    const hello = encodeHello(peerHello({ name: "abc", peerName: "" }));
    const magic = hello.slice();
    magic[0] = 0x48;
    const utf8 = hello.slice();
    utf8[98] = 0xff;
    const name = hello.slice();
    name[96] = 0xff;
    for (
      const [payload, reason] of [
        [magic, "does not speak this protocol"],
        [new Uint8Array(0), "does not speak this protocol"],
        [hello.slice(0, 95), "only 95 bytes"],
        [hello.slice(0, 97), "cut short"],
        [hello.slice(0, 102), "cut short"],
        [utf8, "not UTF-8"],
        [name, "cut short"],
      ] as const
    ) {
      const peer = new ScriptedPeer(role);
      peer.frames().length = 0;
      peer.send(rawFrame(FrameType.hello, { payload }));
      peer.expectBreach(reason, 10);
    }
  });

  Deno.test(`the ${role} skips what a later version adds to the hello, and keeps it in the transcript`, () => {
    const payload = joined(encodeHello(peerHello()), numbered(50));
    const peer = new ScriptedPeer(role);
    peer.frames().length = 0;
    peer.send(rawFrame(FrameType.hello, { payload }));
    assert(peer.side.session.state !== "closed");
  });

  Deno.test(`the ${role} refuses any frame that is not next in the handshake`, () => {
    for (const type of [2, 3, 5, 6, 7, 8, 9, 16, 17, 18, 20, 32, 33, 34, 0, 255]) {
      const peer = new ScriptedPeer(role);
      peer.frames().length = 0;
      peer.send(rawFrame(type));
      peer.expectBreach(`frame type ${type} during the handshake instead of 1`, 10);
    }
    const twice = new ScriptedPeer(role, { auth: SECRET });
    twice.frames().length = 0;
    const hello = rawFrame(FrameType.hello, {
      payload: encodeHello(peerHello({ authenticates: true })),
    });
    twice.send(hello, hello);
    twice.expectBreach("frame type 1 during the handshake", 10);
  });

  Deno.test(`the ${role} takes the peer's goodbye for a refusal`, () => {
    const peer = new ScriptedPeer(role);
    peer.frames().length = 0;
    peer.send(rawFrame(FrameType.goodbye, { code: 10, payload: new TextEncoder().encode("no") }));
    assertEquals(peer.side.closed?.code, "Unauthenticated");
    assertStringIncludes(peer.side.closed!.message, "refused by the peer: no");
    peer.expectNothing();
  });

  Deno.test(`the ${role} gives up when the handshake takes too long`, () => {
    const peer = new ScriptedPeer(role);
    peer.frames().length = 0;
    assertEquals(peer.side.session.nextDeadlineMs(), 11_000);
    peer.nowMs = 10_999;
    peer.side.session.onTimer(peer.nowMs);
    assertEquals(peer.side.session.state, "handshake");
    peer.nowMs = 11_000;
    peer.side.session.onTimer(peer.nowMs);
    assertStringIncludes(peer.side.closed!.message, "handshake did not complete within 10000 ms");
  });

  Deno.test(`the ${role} learns of a channel that ends during the handshake`, () => {
    const peer = new ScriptedPeer(role);
    peer.side.session.onLost("connection reset", peer.nowMs);
    assertEquals(peer.side.closed?.code, "Disconnected");
  });
}

Deno.test("an oversized hello is refused before it is read, on a byte stream", () => {
  const pair = new Pair({ bytes: true, unopened: true });
  const { acceptor } = pair;
  const envelope = new Uint8Array(8);
  new DataView(envelope.buffer).setUint32(0, 4097, true);
  acceptor.receiveBytes(envelope);
  assertEquals(acceptor.closed?.code, "ProtocolError");
  assertStringIncludes(acceptor.closed!.message, "announced a batch of 4097 bytes");
});

Deno.test("a refusal is never too long for a handshake, whatever names are in it", () => {
  const pair = new Pair({
    bytes: true,
    unopened: true,
    dialler: { peerName: "x".repeat(1500) },
    acceptor: { name: "y".repeat(3000) },
  });
  pair.pump();
  assertStringIncludes(pair.dialler.closed!.message, "refused by the peer");
});

Deno.test("the dialler refuses an acceptor that does not know the secret", () => {
  for (const proof of [new Uint8Array(0), new Uint8Array(32), new Uint8Array(33)]) {
    const peer = answered({ authenticates: true }, { auth: SECRET });
    peer.expect(FrameType.proof);
    peer.send(rawFrame(FrameType.welcome, { payload: proof }));
    peer.expectBreach("proof of the shared secret is wrong", 10);
  }
});

Deno.test("the acceptor refuses a dialler that does not know the secret, and shows no proof", () => {
  for (const proof of [new Uint8Array(0), new Uint8Array(32), new Uint8Array(33)]) {
    const peer = greeted({ authenticates: true }, { auth: SECRET });
    peer.expect(FrameType.hello);
    peer.expectNothing();
    peer.send(rawFrame(FrameType.proof, { payload: proof }));
    const types = peer.frames().map((frame) => frame.type);
    assertEquals(types, [FrameType.goodbye]);
    peer.expectBreach("proof of the shared secret is wrong", 10);
  }
});

Deno.test("no proof without a nonce: a dialler sends its proof only after the acceptor's hello", () => {
  const peer = new ScriptedPeer("dialler", { auth: SECRET });
  peer.expect(FrameType.hello);
  peer.expectNothing();
});

Deno.test("a proof sent back to its maker is no proof", () => {
  // A man in the middle who knows no secret answers a dialler with its own words.
  const peer = new ScriptedPeer("dialler", { auth: provingLast(SECRET) });
  const { payload } = peer.expect(FrameType.hello);
  peer.send(rawFrame(FrameType.hello, { payload }));
  const proof = peer.frames().find((frame) => frame.type === FrameType.proof);
  if (proof !== undefined) {
    peer.send(rawFrame(FrameType.welcome, { payload: proof.payload }));
    peer.expectBreach("proof of the shared secret is wrong", 10);
  } else {
    peer.expectBreach(/the peer wants to talk to|the peer is/, 10);
  }
});

Deno.test("a proof of one connection is none for the next", () => {
  const pair = new Pair({ unopened: true, both: { auth: SECRET } });
  const { dialler, acceptor } = pair;
  dialler.drain();
  dialler.written();
  const [hello] = dialler.transit;
  pair.deliver(dialler, acceptor);
  acceptor.drain();
  acceptor.written();
  pair.deliver(acceptor, dialler);
  dialler.drain();
  const [proof] = dialler.transit;
  assertEquals(parseFrames(proof!)[0]!.type, FrameType.proof);

  // The same words again, to an acceptor with a nonce of its own.
  const later = new Pair({
    unopened: true,
    both: { auth: SECRET },
    acceptor: { nonce: new Uint8Array(32).fill(0x77) },
  });
  later.acceptor.receiveBatch(hello!);
  assertEquals(later.acceptor.session.state, "handshake");
  later.acceptor.receiveBatch(proof!);
  assertEquals(later.acceptor.closed?.code, "Unauthenticated");
  // Even with the same nonce, the same words prove the same thing: only that differs.
  const same = new Pair({ unopened: true, both: { auth: SECRET } });
  same.acceptor.receiveBatch(hello!);
  same.acceptor.receiveBatch(proof!);
  assertEquals(same.acceptor.session.state, "open");
});

Deno.test("a hello that is changed on the way breaks the proofs", () => {
  for (const at of [8, 40, 72, 88, 99]) {
    const pair = new Pair({ unopened: true, both: { auth: SECRET }, dialler: { peerName: "" } });
    const { dialler, acceptor } = pair;
    dialler.drain();
    dialler.written();
    const changed = dialler.transit.shift()!.slice();
    changed[16 + at]! ^= 1;
    acceptor.receiveBatch(changed);
    pair.pump();
    assertEquals([dialler.session.state, acceptor.session.state], ["closed", "closed"]);
  }
});

Deno.test("nothing but the names, numbers and nonces of the hellos is said before a proof", () => {
  const pair = new Pair({ unopened: true, both: { auth: SECRET } });
  pair.pump();
  assertEquals([pair.dialler.session.state, pair.acceptor.session.state], ["open", "open"]);
  assertEquals([pair.dialler.session.messagesSent, pair.acceptor.session.messagesSent], [0, 0]);
});

Deno.test("the wall clock's difference is known, and time that passed on the way counts", () => {
  const peer = greeted({ wallMs: WALL_MS + 4000 });
  assertEquals(peer.side.peer?.clockSkewMs, 4000);
  const late = new ScriptedPeer("acceptor");
  late.nowMs += 3000;
  late.send(rawFrame(FrameType.hello, { payload: encodeHello(peerHello()) }));
  assertEquals(late.side.peer?.clockSkewMs, -3000);
});

Deno.test("calls sent in the batch that opens the session are served", () => {
  const peer = new ScriptedPeer("acceptor");
  peer.send(
    rawFrame(FrameType.hello, { payload: encodeHello(peerHello()) }),
    peer.name(0, "nobody"),
    peer.request(1 << 20),
  );
  peer.expect(FrameType.hello);
  peer.expect(FrameType.welcome);
  assertStringIncludes(textOf(peer.expect(FrameType.error).payload), "nobody");
});
