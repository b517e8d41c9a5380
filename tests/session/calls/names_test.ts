import { assert, assertEquals, assertThrows } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import { FEATURE_NAME_REUSE } from "../../../lib/session/frames/hello.ts";
import type { HandlerTarget } from "../../../lib/session/calls/handler_target.ts";
import { FrameType } from "../../../lib/wire/frame.ts";
import { seeded } from "../../support/seeded.ts";
import {
  EchoTarget,
  numbered,
  rawCodec,
  TestCall,
  TestIncoming,
} from "../../support/session/calls.ts";
import { assertNothingLeft, Pair } from "../../support/session/pair.ts";
import {
  errorPayload,
  type RawFrame,
  rawFrame,
  textOf,
  utf8,
} from "../../support/session/raw_frames.ts";
import { ScriptedPeer } from "../../support/session/scripted_peer.ts";

const NEW: { features: number } = { features: FEATURE_NAME_REUSE };
const UNKNOWN_HANDLER = 5;

/** Answers a call: there is no such handler. */
function unknown({ id }: { id: number }): Uint8Array<ArrayBuffer> {
  return rawFrame(FrameType.error, { id, code: UNKNOWN_HANDLER, payload: errorPayload(1, "none") });
}

/** Calls so many names in vain, and gives the frames that named them. */
function callInVain(peer: ScriptedPeer, count: number, prefix = "nobody"): RawFrame[] {
  for (let n = 0; n < count; n++) peer.side.request(`${prefix} ${n}`, null);
  const frames = peer.frames().splice(0);
  for (const { type, id } of frames) if (type === FrameType.request) peer.send(unknown({ id }));
  return frames.filter(({ type }) => type === FrameType.name);
}

Deno.test("any number of names without a handler is called on one connection, and those with one stay", () => {
  const pair = new Pair();
  const echo = pair.echo();
  const early = pair.dialler.request("echo", numbered(3));
  let unknowns = 0;
  for (let n = 0; n < 70_000; n++) {
    const call = pair.dialler.request("disk", null, { subroute: `sd${n}` });
    call.onDone = () => unknowns += call.error?.code === "UnknownHandler" ? 1 : 0;
    if (n % 1_000 === 999) pair.pump();
  }
  pair.acceptor.handlers.set("late", echo);
  const late = pair.dialler.request("late", numbered(4));
  const again = pair.dialler.request("echo", numbered(5));
  pair.pump();
  assertEquals(unknowns, 70_000);
  assertEquals([early.response, late.response, again.response].map((bytes) => bytes?.length), [
    3,
    4,
    5,
  ]);
  assertNothingLeft(pair);
});

Deno.test("a name without a handler gives its number to another name, and gets a new one when it is called again", () => {
  const peer = ScriptedPeer.open("dialler", {}, NEW);
  const first = callInVain(peer, 64);
  assertEquals(first.map(({ code }) => code), first.map((_, n) => n));
  const names = callInVain(peer, 64, "else");
  assertEquals(new Set(names.map(({ code }) => code)), new Set(first.map(({ code }) => code)));
  const call = peer.side.request("nobody 0", null);
  const name = peer.expect(FrameType.name);
  assertEquals(textOf(name.payload.subarray(2)), "nobody 0");
  const { id } = peer.expect(FrameType.request, { code: name.code });
  peer.send(rawFrame(FrameType.response, { id }));
  assertEquals(call.endings, 1);
});

Deno.test("a user's key for a name never leads to a number that has another name by now", () => {
  const peer = ScriptedPeer.open("dialler", {}, NEW);
  const { outgoing } = peer.side.session;
  for (const key of ["gone", {}]) {
    const before = outgoing.keyNumber(key, "gone", 0);
    assertEquals(outgoing.keyNumber(key, "gone", 0), before);
    callInVain(peer, 1, "gone");
    const call = new TestCall();
    outgoing.request(call, before, rawCodec, null, null, 0);
    peer.send(unknown(peer.frames().splice(0).at(-1)!));
    callInVain(peer, 128, "else");
    callInVain(peer, 128, "more");
    const after = outgoing.keyNumber(key, "gone", 0);
    const named = peer.frames().splice(0).at(-1)!;
    assertEquals([named.type, named.code], [FrameType.name, after]);
  }
});

Deno.test("a number keeps its name while a call made with it has no answer, wherever that call stands", () => {
  const peer = ScriptedPeer.open("dialler", {}, { ...NEW, maxCalls: 70, maxFragmentBytes: 1024 });
  const { side } = peer;
  const cancelled = side.request("cancelled", null);
  const inPieces = side.request("in pieces", numbered(5_000));
  const held = peer.frames().splice(0);
  side.session.outgoing.cancel(cancelled, new Error("enough"), "Cancelled", peer.nowMs);
  peer.expect(FrameType.cancel);
  // Each of them is called in vain beside, and so would give its number back.
  side.request("cancelled", null);
  side.request("in pieces", null);
  side.request("waits for a slot", null);
  const vain = peer.frames().splice(0).filter(({ type }) => type === FrameType.request);
  assertEquals(vain.length, 3);
  for (let n = 0; n < 66; n++) side.request(`filler ${n}`, null);
  const fillers = peer.frames().splice(0).filter(({ type }) => type === FrameType.request);
  const waiting = side.request("waits for a slot", null);
  peer.send(...[...vain, ...fillers.slice(0, -2)].map(unknown));
  for (let n = 0; n < 66; n++) side.request(`new ${n}`, null);
  const frames = peer.frames().splice(0);
  const inUse = new Set(
    [...held, vain[2]!].filter(({ type }) => type === FrameType.request)
      .map(({ code }) => code),
  );
  assertEquals(inUse.size, 3);
  const names = frames.filter(({ type }) => type === FrameType.name);
  const reused = names.filter(({ code }) => code < 69);
  assert(reused.length > 50, `${reused.length} numbers have been given anew`);
  for (const { code, payload } of names) {
    assert(
      !inUse.has(code),
      `${code}, of a call without an answer, now means ${textOf(payload)}`,
    );
  }
  assertEquals([inPieces.endings, waiting.endings], [0, 0]);
});

Deno.test("where numbers run short, the names given longest ago leave, those of calls under way not among them", () => {
  const peer = ScriptedPeer.open("dialler", {}, NEW);
  const { outgoing } = peer.side.session;
  const kept = peer.side.request("kept", null);
  for (let n = 1; n < 65_535; n++) outgoing.nameNumber(`name ${n}`, "", 0);
  const full = assertThrows(() => outgoing.nameNumber("one more", "", 0), InternodeError);
  assertEquals(full.code, "Overloaded");
  assert(full.message.includes("65535 names"), full.message);
  const request = peer.frames().splice(0).find(({ type }) => type === FrameType.request)!;
  peer.send(rawFrame(FrameType.window));
  assertEquals(outgoing.nameNumber("name 65534", "", 0), 65_534, "a young name stays");
  const numbers = Array.from({ length: 1_000 }, (_, n) => outgoing.nameNumber(`new ${n}`, "", 0));
  assert(!numbers.includes(request.code) && numbers.every((number) => number < 10_000));
  peer.send(rawFrame(FrameType.response, { id: request.id }));
  assertEquals(kept.endings, 1);
});

Deno.test("with a peer that takes no name anew, subroutes leave room to contracts, and the error says why", () => {
  const peer = ScriptedPeer.open("dialler", {}, { features: 0 });
  const { outgoing } = peer.side.session;
  const first = callInVain(peer, 200);
  assertEquals(first.map(({ code }) => code), first.map((_, n) => n));
  let subroutes = 0;
  const error = assertThrows(() => {
    for (;; subroutes++) outgoing.nameNumber("disk", `${subroutes}`, 0);
  }, InternodeError);
  assertEquals(error.code, "Overloaded");
  assert(error.message.includes("200 of them have no handler"), error.message);
  assert(error.message.includes("upgrade it, or reconnect"), error.message);
  assert(subroutes > 50_000 && subroutes < 60_000, `${subroutes} subroutes`);
  const numbers = Array.from({ length: 1_000 }, (_, n) => outgoing.nameNumber(`late ${n}`, "", 0));
  assertEquals(new Set(numbers).size, 1_000);
});

Deno.test("a peer gives a number another name: calls go to the handler of the new one, and memory comes back", () => {
  const peer = ScriptedPeer.open("acceptor", {}, NEW);
  const old = new EchoTarget(), young = new EchoTarget();
  peer.side.handlers.set("old", old).set("young", young);
  peer.send(peer.name(0, "old"), peer.request(1 << 20));
  peer.expect(FrameType.response);
  peer.send(peer.name(0, "young"), peer.request(2 << 20));
  peer.expect(FrameType.response);
  assertEquals([old.calls, young.calls], [1, 1]);
  const long = "n".repeat(255);
  for (let n = 0; n < 100_000; n++) {
    // Many at once that nobody calls would be a breach.
    peer.nowMs++;
    peer.send(peer.name(n % 1_000, long, long));
  }
  assertEquals(peer.side.session.state, "open");
});

Deno.test("without the feature a peer cannot give a number another name, and gaps in numbers are refused", () => {
  const early = ScriptedPeer.open("acceptor", {}, { features: 0 });
  early.send(early.name(0, "a"), early.name(0, "b"));
  early.expectBreach("name number 0 instead of 1");
  const gap = ScriptedPeer.open("acceptor", {}, NEW);
  gap.send(gap.name(0, "a"), gap.name(2, "b"));
  gap.expectBreach("name number 2 instead of 1");
});

Deno.test("two pairs of name and subroute are never one, whatever characters they hold", () => {
  const { outgoing } = ScriptedPeer.open("dialler", {}, NEW).side.session;
  const pairs = [["a\0b", "c"], ["a", "b\0c"], ["ab", "c"], ["a", "bc"], ["", "abc"], [
    "\ufeffa",
    "bc",
  ]];
  const numbers = pairs.map(([name, subroute]) => outgoing.nameNumber(name!, subroute!, 0));
  assertEquals(numbers, [0, 1, 2, 3, 4, 5]);
});

Deno.test("a byte order mark before a name is part of it", () => {
  const peer = ScriptedPeer.open("acceptor");
  peer.side.handlers.set("a", new EchoTarget());
  peer.send(peer.name(0, "\ufeffa"), peer.request(1 << 20));
  peer.expect(FrameType.error, { code: UNKNOWN_HANDLER });
});

/** Answers with the name it was looked up for, at once or later, by chance. */
class NamedTarget implements HandlerTarget {
  readonly #name: Uint8Array;
  readonly #later: ((call: TestIncoming) => void) | null;

  constructor(name: string, later: ((call: TestIncoming) => void) | null) {
    this.#name = utf8(name);
    this.#later = later;
  }

  onRequest(...[responder, id, , , deadlineMs, metadata]: Parameters<HandlerTarget["onRequest"]>) {
    if (this.#later === null) return responder.respond(id, rawCodec, this.#name);
    const call = new TestIncoming(responder, id, deadlineMs, this.#name, metadata);
    responder.acceptCall(call);
    this.#later(call);
  }

  onOpen(): void {}
}

Deno.test("whatever is called, cancelled and given anew, each call reaches the handler of its name", () => {
  const random = seeded("names");
  for (let run = 0; run < 8; run++) {
    const limits = { maxCalls: random.pick([3, 50, 1_000]), maxFragmentBytes: 1024 };
    const pair = new Pair({ bytes: random.chance(0.5), random, both: { limits } });
    const { dialler, acceptor } = pair;
    const held: TestIncoming[] = [];
    for (let n = 0; n < 30; n++) {
      const later = random.chance(0.5) ? (call: TestIncoming): void => void held.push(call) : null;
      acceptor.handlers.set(`known ${n}`, new NamedTarget(`known ${n}`, later));
    }
    const answerOne = (): void => {
      const [call] = held.length === 0 ? [] : held.splice(random.int(0, held.length - 1), 1);
      if (call !== undefined) call.responder.finishCall(call, rawCodec, call.payload, pair.nowMs);
    };
    for (let step = 0; step < 1_500; step++) {
      const known = random.chance(0.2);
      const name = known ? `known ${random.int(0, 29)}` : `unknown ${random.int(0, 500)}`;
      const call = dialler.request(name, numbered(random.pick([0, 10, 3_000])));
      call.onDone = () => {
        if (call.error !== null && ["Cancelled", "enough"].includes(call.error.message)) return;
        if (known) assertEquals(textOf(call.response!), name);
        else assertEquals(call.error?.code, "UnknownHandler", `${name} has no handler`);
        if (!known) assert(call.error!.message.includes(`"${name}"`), call.error!.message);
      };
      if (random.chance(0.05)) {
        dialler.session.outgoing.cancel(call, new Error("enough"), "Cancelled", pair.nowMs);
      }
      for (let moves = random.int(0, 12); moves > 0; moves--) pair.step();
      if (random.chance(0.3)) answerOne();
    }
    for (pair.pump(); held.length > 0; pair.pump()) answerOne();
    assertEquals([dialler.closed, acceptor.closed], [null, null]);
    assertNothingLeft(pair);
  }
});
