/** What an older version has said is understood, and answered as it was when the two were recorded. */

import { assertEquals } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import { FrameType } from "../../lib/wire/frame.ts";
import { numbered, TestCall, type TestStream } from "../support/session/calls.ts";
import { joined, parseFrames } from "../support/session/raw_frames.ts";
import type { SideOptions } from "../support/session/options.ts";
import type { Side } from "../support/session/side.ts";
import { answer, type ConversationRecipe, pairFor, type Turn } from "../vectors/conversations.ts";
import stored from "../vectors/older/conversations.json" with { type: "json" };
import { PHASES, RECORDED, type Recording, sayGoodbye } from "../vectors/older/recordings.ts";

const recordings = stored as Recording[];

function recipeOf({ name }: Recording): ConversationRecipe {
  return RECORDED.find((recipe) => recipe.name === name)!;
}

/** What today's side makes of a refusal: its own, and the older version's. */
function refusal(name: string, older: Turn["from"]): string {
  return name === "refused for its name" && older === "dialler"
    ? "PermissionDenied"
    : "Unauthenticated";
}

/** What a side has to say, in the pieces in which it was recorded. */
function spoken(side: Side): string[] {
  while (side.session.hasOutput) {
    side.drain();
    side.written();
  }
  const pieces = side.transit.splice(0);
  if (side.options.envelope && pieces.length > 0) pieces.push(joined(...pieces.splice(0)));
  return pieces.map((piece) => piece.toHex());
}

function hear(side: Side, bytes: Uint8Array, chunk: number): void {
  if (!side.options.envelope) return side.receiveBatch(bytes);
  for (let at = 0; at < bytes.length && side.session.state !== "closed";) {
    at += side.receiveBytes(bytes.subarray(at, at + chunk));
  }
}

/** With the limit that was the default when it was recorded. */
function asRecorded(options: SideOptions = {}): SideOptions {
  return { ...options, limits: { maxFragmentBytes: 65_536, ...options.limits } };
}

/** Plays today's side of a recording: whatever it says must be what was recorded. */
function replay(recording: Recording, chunk: number) {
  const recipe = recipeOf(recording), { bytes = false, dialler, acceptor } = recipe;
  const { pair, kept } = pairFor({
    ...recipe,
    dialler: asRecorded(dialler),
    acceptor: asRecorded(acceptor),
  });
  const older: Turn["from"] = recording.older;
  const side = older === "dialler" ? pair.acceptor : pair.dialler;
  const calls: (TestCall | TestStream)[] = [];
  PHASES.forEach((phase, index) => {
    if (side.session.state === "closed") return;
    if (phase === "answers" && side === pair.acceptor) answer(pair, kept);
    if (phase === "calls" && side === pair.dialler) calls.push(...recipe.act?.(pair, kept) ?? []);
    if (phase === "goodbye" && side === pair.dialler) sayGoodbye(side);
    let said = spoken(side);
    for (const { from, hex } of recording.phases[index]!) {
      if (from !== older) {
        assertEquals(understood(said.shift(), bytes), understood(hex, bytes), phase);
      } else {
        hear(side, Uint8Array.fromHex(hex), chunk);
        said = [...said, ...spoken(side)];
      }
    }
    assertEquals(said, [], phase);
  });
  return { side, kept, calls };
}

for (const recording of recordings) {
  const { name, older } = recording, bytes = recipeOf(recording).bytes;

  Deno.test(`"${name}" with the ${older} of an older version goes as recorded`, () => {
    for (const chunk of bytes ? [Infinity, 1, 17] : [Infinity]) {
      const { side, kept, calls } = replay(recording, chunk);
      if (name.startsWith("refused")) {
        assertEquals([side.opened, side.closed?.code], [0, refusal(name, older)]);
        continue;
      }
      assertEquals(side.opened, 1);
      assertEquals(side.closed?.code, older === "acceptor" ? "Closed" : "Disconnected");
      if (older === "acceptor") assertEquals(calls.map(outcome), expected(name));
      else if (name.startsWith("calls")) {
        assertEquals(kept.requests.map(({ payload }) => payload), [numbered(3)]);
        const [stream, left] = kept.streams;
        assertEquals([stream!.received, stream!.ended], [[numbered(4), undefined], 1]);
        assertEquals(left!.cancelled?.message, "user left");
      }
    }
  });
}

function outcome(call: TestCall | TestStream): unknown {
  if (call.error instanceof InternodeError) return `${call.error.code} ${call.error.outcome}`;
  if (call.error !== null) return `${call.error}`;
  return call instanceof TestCall ? call.response : call.received;
}

function expected(name: string): unknown[] {
  if (!name.startsWith("calls")) return [numbered(3000)];
  return [
    numbered(5),
    null,
    "UnknownHandler notExecuted",
    "HandlerFailed executed",
    [numbered(6), null],
    "Error: user left",
  ];
}

/** The batches of one turn, each behind its envelope of 8 bytes on a byte stream. */
function batches(turn: Uint8Array, bytes: boolean): Uint8Array[] {
  if (!bytes) return [turn];
  const found: Uint8Array[] = [], view = new DataView(turn.buffer);
  for (let at = 0; at < turn.length; at += 8 + view.getUint32(at, true)) {
    found.push(turn.subarray(at + 8, at + 8 + view.getUint32(at, true)));
  }
  return found;
}

/** What an older version makes of a turn: it ignores the argument of a goodbye, which was always 0 then. */
function understood(hex: string | undefined, bytes: boolean): unknown {
  if (hex === undefined) return undefined;
  const frames = batches(Uint8Array.fromHex(hex), bytes).flatMap(parseFrames);
  if (!frames.some(({ type }) => type === FrameType.goodbye)) return hex;
  return frames.map((frame) =>
    frame.type === FrameType.goodbye ? { ...frame, argument: 0 } : frame
  );
}

Deno.test("an older version's recorded words have every type of frame that needs neither time nor bulk", () => {
  const types = new Set<number>();
  for (const recording of recordings) {
    const words = recording.phases.flat().filter(({ from }) => from === recording.older);
    for (const { hex } of words) {
      for (const batch of batches(Uint8Array.fromHex(hex), recipeOf(recording).bytes)) {
        for (const { type } of parseFrames(batch)) types.add(type);
      }
    }
  }
  const without = Object.entries(FrameType).filter(([, type]) => !types.has(type));
  assertEquals(without.map(([name]) => name), ["ping", "pong", "window", "arrived"]);
});
