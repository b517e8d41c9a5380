/**
 * A peer whose bytes a second are limited has its budget back so slowly that it
 * cannot send more.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { FrameType } from "../../../lib/wire/frame.ts";
import { numbered } from "../../support/session/calls.ts";
import { rawFrame } from "../../support/session/raw_frames.ts";
import { ScriptedPeer } from "../../support/session/scripted_peer.ts";

const BUDGET = 256 * 1024, RATE = 64 * 1024, PIECE = 16 * 1024;
/** What one of these messages counts. */
const COST = 4_096;

/** An acceptor that answers nothing, so that only the budget matters. */
function paced(limits = {}): ScriptedPeer {
  const peer = ScriptedPeer.open("acceptor", {
    limits: { receiveBudgetBytes: BUDGET, maxMessageBytes: 65_536, ...limits },
  });
  peer.send(peer.name(0, "none"));
  return peer;
}

/** Sends messages that are consumed at once, as nobody serves them. */
function send(peer: ScriptedPeer, count: number): void {
  for (let slot = 0; slot < count; slot++) {
    peer.send(peer.request(1 << 20 | slot, { payload: numbered(COST - 128) }));
  }
}

/** What was given back by now. */
function given(peer: ScriptedPeer): number {
  const frames = peer.frames().splice(0).filter(({ type }) => type === FrameType.window);
  return frames.reduce((sum, { argument }) => sum + argument, 0);
}

/** Runs the session's timers up to a time. */
function runUntil(peer: ScriptedPeer, atMs: number): void {
  const { session } = peer.side;
  for (let rounds = 0; session.nextDeadlineMs() <= atMs; rounds++) {
    assert(rounds < 10_000, "the session's timers never end");
    peer.nowMs = Math.max(peer.nowMs, session.nextDeadlineMs());
    session.onTimer(peer.nowMs);
    // A sign of life, without which the peer would be lost.
    peer.send(rawFrame(FrameType.pong, { argument: 0 }));
  }
  peer.nowMs = atMs;
}

Deno.test("what is consumed is given back at the rate, and in the end all of it", () => {
  const peer = paced({ maxBytesPerSecond: RATE });
  const startMs = peer.nowMs;
  send(peer, BUDGET / COST);
  let sum = given(peer);
  assertEquals(sum, PIECE);
  for (let second = 1; second <= 3; second++) {
    runUntil(peer, startMs + second * 1_000);
    sum += given(peer);
    assertEquals(sum, PIECE + second * RATE);
  }
  runUntil(peer, startMs + 60_000);
  assertEquals(sum + given(peer), BUDGET);
  assertEquals([peer.side.session.state, peer.side.session.heldBytes], ["open", 0]);
});

Deno.test("a peer that sends within its window sends no more than the rate, and is not disconnected", () => {
  const peer = paced({ maxBytesPerSecond: RATE });
  const startMs = peer.nowMs;
  let window = BUDGET, sent = 0;
  for (let atMs = startMs; atMs <= startMs + 20_000; atMs += 50) {
    runUntil(peer, atMs);
    window += given(peer);
    const count = Math.floor(window / COST);
    send(peer, count);
    sent += count * COST;
    window -= count * COST;
  }
  assertEquals(peer.side.session.state, "open");
  const most = BUDGET + PIECE + 20 * RATE;
  assert(sent <= most && sent >= most - 2 * PIECE, `${sent} of ${most}`);
});

Deno.test("a peer below the rate has everything back at once", () => {
  const peer = paced({ maxBytesPerSecond: RATE });
  for (let second = 1; second <= 20; second++) {
    peer.nowMs += 1_000;
    peer.send(rawFrame(FrameType.pong, { argument: 0 }));
    send(peer, PIECE / COST);
    assertEquals(given(peer), PIECE);
  }
});

Deno.test("a peer that exceeds the budget meanwhile is disconnected", () => {
  const peer = paced({ maxBytesPerSecond: RATE });
  send(peer, BUDGET / COST);
  send(peer, PIECE / COST);
  peer.frames().splice(0);
  send(peer, 1);
  peer.expectBreach("exceeds its budget");
  assertEquals(peer.side.session.nextDeadlineMs(), Infinity);
});

Deno.test("without a limit an eighth of the budget is given back at a time", () => {
  const peer = paced();
  send(peer, BUDGET / COST);
  assertEquals(given(peer), BUDGET);
});

Deno.test("the smallest rate and the smallest budget go together", () => {
  const peer = paced({
    maxBytesPerSecond: 1_024,
    receiveBudgetBytes: 65_536,
    maxMessageBytes: 20_000,
  });
  const startMs = peer.nowMs;
  send(peer, 16);
  runUntil(peer, startMs + 16_000);
  // The first piece at once, then one each 8 s.
  assertEquals(given(peer), 3 * 8_192);
});

Deno.test("what a user consumes between turns begins one, for the timer that gives it back", () => {
  const peer = paced({ maxBytesPerSecond: RATE }), kept = peer.keep();
  send(peer, PIECE / COST);
  assertEquals(given(peer), PIECE);
  peer.send(peer.name(1, "keep"));
  for (let slot = 0; slot < PIECE / COST; slot++) {
    peer.send(peer.request(2 << 20 | slot, { code: 1, payload: numbered(COST - 128) }));
  }
  assertEquals(kept.requests.length, PIECE / COST);
  let told = 0;
  peer.side.onOutput = () => void told++;
  peer.side.session.credits.release(PIECE);
  assertEquals(told, 1);
  assert(peer.side.session.nextDeadlineMs() <= peer.nowMs + PIECE / RATE * 1_000);
});
