/**
 * What a peer, proven or not, may send without end: a row for each type of frame.
 *
 * @module
 */

import { FLAG_FIRST, FrameType, NO_TIMEOUT } from "../../../lib/wire/frame.ts";
import { joined, namePayload, rawFrame, u32, utf8 } from "../../support/session/raw_frames.ts";
import type { Ground } from "../scene/grounds.ts";
import { idOf } from "../scene/raw_peer.ts";
import { RUNTIME } from "../../support/permitted.ts";
import { maskedFrame } from "../../support/network/raw_socket.ts";

/** How far a connection goes before it is flooded. */
export type Stage = "bare" | "upgraded" | "peer";

/** One way to flood. */
export interface FloodRow {
  readonly name: string;
  /** How far its connections go before. Default: `"peer"`. */
  readonly stage?: Stage;
  /** Where it makes sense. Default: everywhere. */
  readonly on?: (ground: Ground) => boolean;
  /** What is sent again and again on a connection, and on further ones once it is cut off, as bytes of the transport. */
  readonly bytes: (ground: Ground) => Uint8Array;
  /** What is sent once before. Default: nothing. */
  readonly first?: (ground: Ground) => Uint8Array;
}

const KIB = 1024;
/** So much is written at a time. */
const FLOOD_BYTES = 128 * KIB;
/** Batches of half of it are so large, and those of the other half hold a frame each. */
const BATCH_BYTES = 16 * KIB;
const EMPTY = new Uint8Array(0);
const ALL = 0xffff;

/** Whether batches are messages of WebSocket. */
export function isWebSocket({ scheme }: Ground): boolean {
  return scheme === "ws" || scheme === "wss";
}

/** A batch in whatever its transport puts around it. */
export function batchOn(ground: Ground, batch: Uint8Array): Uint8Array {
  return isWebSocket(ground) ? maskedFrame(2, batch) : joined(u32(batch.length, 0), batch);
}

function repeated(unit: Uint8Array, bytes: number): Uint8Array {
  const count = Math.max(1, Math.floor(bytes / unit.length));
  return joined(...Array.from({ length: count }, () => unit));
}

/** Many frames in a batch, and as many batches with one of them. */
function flooded(ground: Ground, frame: Uint8Array): Uint8Array {
  const large = batchOn(ground, repeated(frame, BATCH_BYTES)), small = batchOn(ground, frame);
  return joined(repeated(large, FLOOD_BYTES / 2), repeated(small, FLOOD_BYTES / 2));
}

/** The same frame again and again. */
function frame(type: number, init: Parameters<typeof rawFrame>[1] = {}): FloodRow["bytes"] {
  return (ground) => flooded(ground, rawFrame(type, init));
}

/** Frames that differ, a few hundred in a batch. */
function each(count: number, make: (i: number) => Uint8Array): FloodRow["bytes"] {
  return (ground) => {
    const batches: Uint8Array[] = [];
    for (let i = 0; i < count; i += 200) {
      const frames = Array.from({ length: Math.min(200, count - i) }, (_, at) => make(i + at));
      batches.push(batchOn(ground, joined(...frames)));
    }
    return joined(...batches);
  };
}

function named(name: string): NonNullable<FloodRow["first"]> {
  const payload = namePayload(name, "");
  return (ground) => batchOn(ground, rawFrame(FrameType.name, { code: 0, payload }));
}

/** Of no call that there is. */
const NOWHERE = idOf(9, 7);
const message = { id: NOWHERE, payload: EMPTY };

/** Each type of frame, from a peer; what breaks a rule is said on one connection after the other. */
const typeRows: readonly FloodRow[] = [
  { name: "hellos", bytes: frame(FrameType.hello, { payload: new Uint8Array(150) }) },
  { name: "proofs", bytes: frame(FrameType.proof, { payload: new Uint8Array(32) }) },
  { name: "welcomes", bytes: frame(FrameType.welcome) },
  { name: "goodbyes", bytes: frame(FrameType.goodbye) },
  { name: "drains", bytes: frame(FrameType.drain) },
  {
    name: "names",
    bytes: each(
      10_000,
      (i) => rawFrame(FrameType.name, { code: i, payload: namePayload(`name ${i}`, "") }),
    ),
  },
  { name: "pings", bytes: frame(FrameType.ping) },
  { name: "pings of a call", bytes: frame(FrameType.ping, { id: NOWHERE }) },
  { name: "pongs", bytes: frame(FrameType.pong) },
  { name: "windows", bytes: frame(FrameType.window) },
  { name: "windows too large", bytes: frame(FrameType.window, { argument: 1 }) },
  { name: "arrivals", bytes: frame(FrameType.arrived) },
  {
    name: "requests that are answered",
    first: named("echo"),
    bytes: each(4_000, (i) => rawFrame(FrameType.request, { id: idOf(i), argument: NO_TIMEOUT })),
  },
  {
    name: "requests whose time has run out",
    first: named("echo"),
    bytes: each(4_000, (i) => rawFrame(FrameType.request, { id: idOf(i), argument: 0 })),
  },
  {
    name: "requests of unknown handlers",
    first: named("nobody"),
    bytes: each(4_000, (i) => rawFrame(FrameType.request, { id: idOf(i), argument: NO_TIMEOUT })),
  },
  {
    name: "fragmented requests without an end",
    first: named("echo"),
    bytes: each(2_000, (i) => {
      const payload = joined(u32(100), new Uint8Array(1));
      return rawFrame(FrameType.request, { id: idOf(i), flags: FLAG_FIRST, payload });
    }),
  },
  {
    name: "requests that are cancelled",
    first: named("hold"),
    bytes: each(4_000, (i) =>
      joined(
        rawFrame(FrameType.request, { id: idOf(i), argument: NO_TIMEOUT }),
        rawFrame(FrameType.cancel, { id: idOf(i), code: 4 }),
      )),
  },
  {
    name: "opens",
    first: named("sink"),
    bytes: each(
      2_000,
      (i) => rawFrame(FrameType.open, { id: idOf(i), argument: NO_TIMEOUT, payload: u32(8, 8) }),
    ),
  },
  { name: "inputs", bytes: frame(FrameType.input, message) },
  { name: "ends of inputs", bytes: frame(FrameType.inputEnd, { id: NOWHERE }) },
  { name: "cancels", bytes: frame(FrameType.cancel, { id: NOWHERE, code: 4 }) },
  {
    name: "credits for outputs",
    bytes: frame(FrameType.outputCredit, { id: NOWHERE, payload: u32(0) }),
  },
  {
    name: "an opener's fragments",
    bytes: frame(FrameType.openerFragment, { id: NOWHERE, payload: new Uint8Array(1) }),
  },
  { name: "responses", bytes: frame(FrameType.response, message) },
  { name: "errors", bytes: frame(FrameType.error, { id: NOWHERE, code: 9, payload: EMPTY }) },
  { name: "outputs", bytes: frame(FrameType.output, message) },
  { name: "ends of outputs", bytes: frame(FrameType.outputEnd, { id: NOWHERE }) },
  {
    name: "credits for inputs",
    bytes: frame(FrameType.inputCredit, { id: NOWHERE, payload: u32(0) }),
  },
  {
    name: "a responder's fragments",
    bytes: frame(FrameType.responderFragment, { id: NOWHERE, payload: new Uint8Array(1) }),
  },
  { name: "frames of unknown types", bytes: frame(200) },
  {
    name: "batches without a frame",
    bytes: (ground) => repeated(batchOn(ground, EMPTY), FLOOD_BYTES),
  },
];

const PING = 9, PONG = 10, BINARY = 2, CONTINUATION = 0;
const FINAL = 0x80;

function notFinal(opcode: number, payload: Uint8Array): Uint8Array {
  const made = maskedFrame(opcode, payload);
  made[0]! &= ~FINAL;
  return made;
}

/** Frames of WebSocket, of which the session hears nothing. */
function webSocketRows(stage: Stage): FloodRow[] {
  const suffix = stage === "peer" ? "" : ", before the handshake";
  const row = (name: string, unit: Uint8Array, first?: Uint8Array): FloodRow => ({
    name: `WebSocket's ${name}${suffix}`,
    stage,
    on: isWebSocket,
    bytes: () => repeated(unit, FLOOD_BYTES),
    ...(first !== undefined && { first: () => first }),
  });
  return [
    row("pings", maskedFrame(PING, EMPTY)),
    row("large pings", maskedFrame(PING, new Uint8Array(125))),
    row("pongs", maskedFrame(PONG, EMPTY)),
    row("fragments without a byte", notFinal(CONTINUATION, EMPTY), notFinal(BINARY, EMPTY)),
    row("fragments of a byte", notFinal(CONTINUATION, new Uint8Array(1)), notFinal(BINARY, EMPTY)),
  ];
}

/** Those who have shown nothing yet. */
const unprovenRows: readonly FloodRow[] = [
  {
    name: "an unproven peer's frames, of each type in turn",
    stage: "upgraded",
    bytes: (ground) =>
      joined(...Object.values(FrameType).map((type) => batchOn(ground, rawFrame(type)))),
  },
  {
    name: "an unproven peer's pings",
    stage: "upgraded",
    bytes: frame(FrameType.ping),
  },
  {
    name: "an unproven peer's batches without a frame",
    stage: "upgraded",
    bytes: (ground) => repeated(batchOn(ground, EMPTY), FLOOD_BYTES),
  },
  {
    name: "an unproven peer's endless hello",
    stage: "upgraded",
    bytes: (ground) =>
      batchOn(ground, rawFrame(FrameType.hello, { payload: new Uint8Array(4_000), length: ALL })),
  },
  {
    name: "an unproven peer's bytes of no protocol",
    stage: "bare",
    bytes: () => new Uint8Array(FLOOD_BYTES).fill(0x41),
  },
  {
    name: "an unproven peer's upgrade requests",
    stage: "bare",
    on: isWebSocket,
    bytes: () => utf8("GET /internode HTTP/1.1\r\nHost: localhost\r\n\r\n"),
  },
  { name: "unproven peers that connect and disconnect", stage: "bare", bytes: () => EMPTY },
];

/** What a frame does is the same over all transports of bytes, over all of messages, and on each runtime. */
function isPlain({ scheme }: Ground): boolean {
  return RUNTIME === "deno" && (scheme === "tcp" || scheme === "ws");
}

/** Anywhere else: frames in many batches, answered and not. */
const ANYWHERE = new Set(["pings", "requests that are answered", "batches without a frame"]);

/** All of them. */
export const floodRows: readonly FloodRow[] = [
  ...typeRows.map((row) => ({ ...row, ...(!ANYWHERE.has(row.name) && { on: isPlain }) })),
  ...webSocketRows("peer"),
  ...webSocketRows("upgraded"),
  ...unprovenRows,
];
