/** Where the dialler's hello has a seal, the acceptor proves itself with its own. @module */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import { pairSecret } from "../../lib/driver/pair_secret.ts";
import { sharedSecret } from "../../lib/driver/shared_secret.ts";
import { encodeHello, FEATURE_SEAL } from "../../lib/session/frames/hello.ts";
import { FrameType } from "../../lib/wire/frame.ts";
import { numbered } from "../support/session/calls.ts";
import { type SideOptions, WALL_MS } from "../support/session/options.ts";
import { Pair } from "../support/session/pair.ts";
import { provingLast } from "../support/session/proving_last.ts";
import { joined, parseFrames, rawFrame } from "../support/session/raw_frames.ts";
import { peerHello, ScriptedPeer } from "../support/session/scripted_peer.ts";
import type { Side } from "../support/session/side.ts";

const auth = sharedSecret("a secret of more than 16 bytes");
const { hello, welcome, proof, request, name, goodbye } = FrameType;

/** What one side says in one turn. */
function turn(side: Side): Uint8Array[] {
  side.drain();
  side.written();
  return side.transit.splice(0);
}

function types(batches: readonly Uint8Array[]): number[] {
  return batches.flatMap(parseFrames).map(({ type }) => type);
}

/** A pair, and the types of the frames of each turn until both are quiet. */
function shake(dialler: SideOptions, acceptor: SideOptions = dialler) {
  const pair = new Pair({ unopened: true, dialler, acceptor });
  const turns: number[][] = [];
  for (let from = pair.dialler, to = pair.acceptor, quiet = 0; quiet < 2; [from, to] = [to, from]) {
    const said = turn(from);
    for (const batch of said) to.receiveBatch(batch);
    if (said.length === 0) quiet++;
    else turns.push(types(said));
  }
  return { pair, turns };
}

Deno.test("a hello with a seal is answered with a hello and a proof, and the dialler's proof is the last frame", () => {
  const { pair, turns } = shake({ auth });
  assertEquals(turns, [[hello], [hello, welcome], [proof]]);
  assertEquals([pair.dialler.opened, pair.acceptor.opened], [1, 1]);
});

for (const bytes of [false, true]) {
  Deno.test(`calls leave with the dialler's proof, ${bytes ? "on a byte stream" : "as messages"}, and run once it is known to be good`, () => {
    const pair = new Pair({ bytes, unopened: true, both: { auth } });
    const { dialler, acceptor } = pair, echo = pair.echo();
    const say = (from: Side, to: Side): void => {
      for (const part of turn(from)) bytes ? to.receiveBytes(part) : to.receiveBatch(part);
    };
    say(dialler, acceptor);
    say(acceptor, dialler);
    const call = dialler.request("echo", numbered(9));
    assertEquals(echo.calls, 0);
    say(dialler, acceptor);
    assertEquals([acceptor.opened, echo.calls], [1, 1]);
    say(acceptor, dialler);
    assertEquals(call.response, numbered(9));
  });
}

Deno.test("calls behind a wrong proof do not run, and their caller learns that they did not", () => {
  const pair = new Pair({ unopened: true, both: { auth } }), echo = pair.echo();
  const { dialler, acceptor } = pair;
  turn(dialler).forEach((batch) => acceptor.receiveBatch(batch));
  turn(acceptor).forEach((batch) => dialler.receiveBatch(batch));
  const call = dialler.request("echo", null), stream = dialler.open("echo", null, { input: 1 });
  for (const frame of turn(dialler).flatMap(parseFrames)) {
    const payload = frame.payload.slice();
    if (frame.type === proof) payload[0]! ^= 1;
    if (acceptor.closed === null) {
      acceptor.receiveBatch(rawFrame(frame.type, { ...frame, payload }));
    }
  }
  assertEquals([acceptor.opened, echo.calls], [0, 0]);
  turn(acceptor).forEach((batch) => dialler.receiveBatch(batch));
  assertEquals(dialler.closed?.code, "Unauthenticated");
  for (const { error } of [call, stream]) {
    assertEquals([error?.code, error?.outcome], ["Disconnected", "notExecuted"]);
  }
});

Deno.test("a call in front of the proof is refused, and does not run", () => {
  const pair = new Pair({ unopened: true, both: { auth } }), echo = pair.echo();
  const { dialler, acceptor } = pair;
  turn(dialler).forEach((batch) => acceptor.receiveBatch(batch));
  turn(acceptor).forEach((batch) => dialler.receiveBatch(batch));
  dialler.request("echo", null);
  const frames = turn(dialler).flatMap(parseFrames);
  assertEquals(frames.map(({ type }) => type), [proof, name, request]);
  for (const frame of [frames[1]!, frames[2]!, frames[0]!]) {
    if (acceptor.closed === null) acceptor.receiveBatch(rawFrame(frame.type, frame));
  }
  assertEquals([acceptor.opened, echo.calls], [0, 0]);
  assertStringIncludes(acceptor.closed!.message, "during the handshake");
});

const LATE = [[hello], [hello], [proof], [welcome]];

for (
  const [what, dialler, acceptor] of [
    ["the dialler makes no seals", { auth: provingLast(auth) }, { auth }],
    ["the acceptor knows no seals", { auth }, { auth: provingLast(auth) }],
    [
      "the seal is wrong",
      { auth: { ...provingLast(auth), seal: () => new Uint8Array(32) } },
      { auth },
    ],
    [
      "the seal is too short",
      { auth: { ...provingLast(auth), seal: () => new Uint8Array(31) } },
      { auth },
    ],
    [
      "the dialler has a secret for each peer, and may meet any",
      { auth: sharedSecret({ byPeer: () => "a secret of more than 16 bytes" }), peerName: "" },
      { auth },
    ],
    ["only the dialler knows the certificates", { auth, binding: new Uint8Array(64) }, { auth }],
  ] as const
) {
  Deno.test(`the acceptor proves itself last where ${what}`, () => {
    const { pair, turns } = shake(dialler, acceptor);
    assertEquals(turns, LATE);
    assertEquals([pair.dialler.opened, pair.acceptor.opened], [1, 1]);
  });
}

Deno.test("secrets that differ from peer to peer seal hellos to a peer that is named, and changing ones open each other", () => {
  const old = "a secret of more than 16 bytes", next = "another secret of such a length";
  for (
    const [one, other] of [
      [sharedSecret({ byPeer: () => old }), auth],
      [sharedSecret([next, old]), sharedSecret([old, next])],
    ] as const
  ) {
    const { pair, turns } = shake({ auth: one }, { auth: other });
    assertEquals(turns, [[hello], [hello, welcome], [proof]]);
    assertEquals([pair.dialler.opened, pair.acceptor.opened], [1, 1]);
  }
});

Deno.test("a hello that was sealed over other certificates gets nothing that was made with the secret", () => {
  const shown = new Uint8Array(64).fill(7), others = shown.with(40, 0);
  const pair = new Pair({
    unopened: true,
    both: { auth },
    dialler: { binding: shown },
    acceptor: { binding: others },
  });
  turn(pair.dialler).forEach((batch) => pair.acceptor.receiveBatch(batch));
  assertEquals(types(turn(pair.acceptor)), [hello]);
});

Deno.test("a sealed hello of another time is refused before its seal is looked at", () => {
  let judged = 0;
  const judge = { ...provingLast(auth), checkSeal: () => (judged++, true) };
  const late = new ScriptedPeer("acceptor", { auth: judge, maxClockSkewMs: 1_000 });
  const words = {
    wallMs: WALL_MS + 9_000,
    authenticates: true,
    features: FEATURE_SEAL,
    seal: new Uint8Array(32),
  };
  late.send(rawFrame(hello, { payload: encodeHello(peerHello(words)) }));
  late.expectBreach("the clocks differ", 10);
  assertEquals(judged, 0);
});

Deno.test("an acceptor that claims a seal where there was none gets the proof first", () => {
  const pair = new Pair({ unopened: true, both: { auth: provingLast(auth) } });
  turn(pair.dialler).forEach((batch) => pair.acceptor.receiveBatch(batch));
  const [frame] = turn(pair.acceptor).flatMap(parseFrames);
  const payload = frame!.payload.slice();
  assertEquals(payload[8]! & FEATURE_SEAL, 0);
  payload[8]! |= FEATURE_SEAL;
  pair.dialler.receiveBatch(rawFrame(hello, { payload }));
  assertEquals(types(turn(pair.dialler)), [proof]);
});

Deno.test("an acceptor that proves nothing with its hello is not believed, and gets no call", () => {
  const { dialler } = new Pair({ unopened: true, both: { auth } });
  const { acceptor } = new Pair({ unopened: true, both: { auth } });
  turn(dialler).forEach((batch) => acceptor.receiveBatch(batch));
  const frames = turn(acceptor).flatMap(parseFrames);
  const [said, proven] = frames;
  dialler.receiveBatch(rawFrame(hello, said));
  dialler.receiveBatch(rawFrame(welcome, { payload: proven!.payload.map((byte) => byte ^ 1) }));
  assertEquals(dialler.opened, 0);
  assertStringIncludes(dialler.closed!.message, "proof of the shared secret is wrong");
  assertEquals(types(turn(dialler)), [goodbye]);
  assert(dialler.closed!.code === "Unauthenticated");
});

Deno.test("a proof that comes byte by byte, and hundreds of calls behind it, run in their order", () => {
  const pair = new Pair({ bytes: true, unopened: true, both: { auth } }), echo = pair.echo();
  const { dialler, acceptor } = pair;
  for (const part of turn(dialler)) acceptor.receiveBytes(part);
  for (const part of turn(acceptor)) dialler.receiveBytes(part);
  const calls = Array.from({ length: 500 }, (_, i) => dialler.request("echo", numbered(i)));
  const bytes = joined(...turn(dialler));
  // The proof alone: what its batch begins with, its head and itself.
  const proofEnd = 8 + 16 + 32;
  for (let at = 0; at < bytes.length; at++) {
    assertEquals([acceptor.opened, acceptor.closed], [at < proofEnd ? 0 : 1, null], `byte ${at}`);
    if (at < proofEnd) assertEquals(echo.calls, 0);
    acceptor.receiveBytes(bytes.subarray(at, at + 1));
  }
  assertEquals(echo.calls, 500);
  const answers = joined(...turn(acceptor));
  for (let at = 0; at < answers.length;) at += dialler.receiveBytes(answers.subarray(at));
  calls.forEach((call, i) => assertEquals(call.response, numbered(i)));
});

Deno.test("of a thousand calls behind a wrong proof, in one batch with it, none is looked at, and nothing is held", () => {
  const pair = new Pair({ unopened: true, both: { auth } }), echo = pair.echo();
  const { dialler, acceptor } = pair;
  turn(dialler).forEach((batch) => acceptor.receiveBatch(batch));
  turn(acceptor).forEach((batch) => dialler.receiveBatch(batch));
  const calls = Array.from({ length: 1_000 }, (_, i) => dialler.request("echo", numbered(i)));
  const frames = turn(dialler).flatMap(parseFrames).map((frame) => {
    const payload = frame.type === proof ? frame.payload.map((byte) => byte ^ 1) : frame.payload;
    return rawFrame(frame.type, { ...frame, payload });
  });
  // A frame that ends beyond its batch would be a breach, if anybody looked.
  acceptor.receiveBatch(joined(...frames, new Uint8Array([255, 255, 255])));
  assertEquals([acceptor.opened, echo.calls], [0, 0]);
  assertEquals([acceptor.session.heldBytes, acceptor.session.messagesReceived], [0, 0]);
  assertStringIncludes(acceptor.closed!.message, "proof of the shared secret is wrong");
  turn(acceptor).forEach((batch) => dialler.receiveBatch(batch));
  for (const { error } of calls) assertEquals(error?.outcome, "notExecuted");
});

Deno.test("a hello that was sealed for one host gets no proof of another one, whatever name that has", () => {
  const master = "a master secret of many bytes";
  const between = (own: string) =>
    sharedSecret({ byPeer: (peer) => pairSecret(master, own, peer) });
  const [a, b, c] = ["tcp://a:1", "tcp://b:2", "tcp://c:3"] as const;
  const pair = new Pair({
    unopened: true,
    dialler: { auth: between(a) },
    acceptor: { auth: between(b) },
  });
  const [said] = turn(pair.dialler);
  pair.acceptor.receiveBatch(said!);
  assertEquals(types(turn(pair.acceptor)), [hello, welcome]);
  for (const [name, answer] of [[c, [goodbye]], [b, [hello]]] as const) {
    // The second one calls itself by a name that is not its own.
    const other = new Pair({ unopened: true, acceptor: { auth: between(c), name } }).acceptor;
    other.receiveBatch(said!);
    assertEquals(types(turn(other)), [...answer]);
  }
});

Deno.test("a goodbye in place of the first answer, without a checksum, tells the dialler that nothing was run", () => {
  const pair = new Pair({ bytes: true, unopened: true, both: { auth } });
  const { dialler, acceptor } = pair;
  for (const part of turn(dialler)) acceptor.receiveBytes(part);
  for (const part of turn(acceptor)) dialler.receiveBytes(part);
  const call = dialler.request("echo", numbered(9));
  acceptor.session.close(new InternodeError("Closed", "The peer is closing."), 0);
  for (const part of turn(acceptor)) dialler.receiveBytes(part);
  assertEquals([call.error?.code, call.error?.outcome], ["Disconnected", "notExecuted"]);
});
