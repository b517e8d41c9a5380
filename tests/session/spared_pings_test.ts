/**
 * Pings that leave together with those of other connections, and those that are not needed.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { DEFAULT_TIMES } from "../../lib/session/frames/session_options.ts";
import { Keepalive } from "../../lib/session/keepalive.ts";
import { FrameType } from "../../lib/wire/frame.ts";
import { rawFrame } from "../support/session/raw_frames.ts";
import { ScriptedPeer } from "../support/session/scripted_peer.ts";

const INTERVAL_MS = DEFAULT_TIMES.pingIntervalMs, STEP_MS = INTERVAL_MS / 10;

function open(nowMs: number): Keepalive {
  const keepalive = new Keepalive(DEFAULT_TIMES, nowMs);
  keepalive.onOpen(nowMs);
  return keepalive;
}

/** Lets a ping fall due and be answered at once. */
function pinged(keepalive: Keepalive): number {
  const nowMs = keepalive.nextDeadlineMs;
  const step = keepalive.onTimer(nowMs, nowMs);
  if (step.kind !== "ping") throw new Error(`no ping at ${nowMs} but ${step.kind}`);
  keepalive.onReceived(nowMs);
  keepalive.onPong(step.token, nowMs);
  return nowMs;
}

Deno.test("connections that opened at different times ping at the same ones", () => {
  const due = new Set<number>();
  for (let nowMs = 3_000; nowMs < 13_000; nowMs += 37) {
    const keepalive = open(nowMs), atMs = keepalive.nextDeadlineMs;
    const waitMs = atMs - nowMs;
    assertEquals(waitMs > INTERVAL_MS - STEP_MS && waitMs <= INTERVAL_MS, true, `${waitMs}`);
    due.add(atMs);
  }
  assertEquals([...due].map((atMs) => atMs % STEP_MS), Array(10).fill(0));
  const keepalive = open(3_333);
  assertEquals([pinged(keepalive), pinged(keepalive)], [13_000, 23_000]);
});

Deno.test("a ping of the peer stands in for one of this side, five times in a row", () => {
  const keepalive = open(0);
  assertEquals(pinged(keepalive), 10_000);
  for (let nth = 0; nth < 5; nth++) {
    keepalive.onReceived(19_000 + nth * 9_500);
    keepalive.onPing(19_000 + nth * 9_500);
  }
  assertEquals(keepalive.nextDeadlineMs, 67_000);
  keepalive.onReceived(66_500);
  keepalive.onPing(66_500);
  assertEquals(pinged(keepalive), 67_000);
  keepalive.onPing(76_500);
  assertEquals(keepalive.nextDeadlineMs, 86_000);
});

Deno.test("it does not before the round trip was measured, nor while a ping is not answered", () => {
  const keepalive = open(0);
  keepalive.onPing(9_000);
  assertEquals(pinged(keepalive), 10_000);
  assertEquals(keepalive.onTimer(20_000, 20_000).kind, "ping");
  keepalive.onReceived(21_000);
  keepalive.onPing(21_000);
  assertEquals(keepalive.onTimer(30_000, 30_000).kind, "ping");
});

/** What a session pings in two minutes beside a peer that answers, and pings each nine seconds itself. */
function pingsOf(peer: ScriptedPeer): number {
  const { session } = peer.side, endMs = peer.nowMs + 120_000;
  let pings = 0, ownMs = peer.nowMs + 9_000;
  while (peer.nowMs < endMs && session.state === "open") {
    peer.nowMs = Math.min(ownMs, session.nextDeadlineMs());
    session.onTimer(peer.nowMs);
    if (peer.nowMs === ownMs) {
      ownMs += 9_000;
      peer.send(rawFrame(FrameType.ping, { argument: 7 }));
    }
    for (const frame of peer.frames().splice(0)) {
      if (frame.type !== FrameType.ping) continue;
      if (frame.id === 0) pings++;
      peer.send(rawFrame(FrameType.pong, { id: frame.id, argument: frame.argument }));
    }
  }
  assertEquals(session.state, "open");
  return pings;
}

Deno.test("a session whose peer pings sends few, but for calls that the peer may have forgotten", () => {
  assertEquals(pingsOf(ScriptedPeer.open("acceptor")), 3);
  const peer = ScriptedPeer.open("acceptor");
  peer.side.request("echo", null, { deadlineMs: 1e9 });
  assertEquals(pingsOf(peer), 12);
});
