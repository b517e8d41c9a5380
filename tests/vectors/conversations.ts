/** Whole conversations: every batch of both sides, in the order in which they were said. */

import { InternodeError } from "../../lib/errors.ts";
import { crc32 } from "../../lib/runtime/checksum.ts";
import { sharedSecret } from "../../lib/driver/shared_secret.ts";
import {
  type KeepTarget,
  numbered,
  rawCodec,
  type TestCall,
  type TestStream,
} from "../support/session/calls.ts";
import { provingLast } from "../support/session/proving_last.ts";
import type { SideOptions } from "../support/session/options.ts";
import { Pair } from "../support/session/pair.ts";
import { joined } from "../support/session/raw_frames.ts";

/** The secret of the conversations that have one. */
export const SECRET = "a shared secret for vectors only";

/** In place of the SHA-256 of two certificates, the dialler's first. */
export const BINDING: Uint8Array = joined(
  new Uint8Array(32).fill(0xd1),
  new Uint8Array(32).fill(0xac),
);

/** What one side has written in one go. */
export interface Turn {
  readonly from: "dialler" | "acceptor";
  readonly hex: string;
}

/** How a conversation comes about. */
export interface ConversationRecipe {
  readonly name: string;
  readonly description: string;
  /** Whether it is on a byte stream, with envelopes, or each turn is one message. */
  readonly bytes: boolean;
  readonly secret: boolean;
  readonly dialler?: SideOptions;
  readonly acceptor?: SideOptions;
  /** What happens once the handshake is done; gives the dialler's calls. */
  readonly act?: (pair: Pair, kept: KeepTarget) => (TestCall | TestStream)[];
}

/** A pair that is about to have that conversation. */
export function pairFor(recipe: ConversationRecipe): { pair: Pair; kept: KeepTarget } {
  const { bytes, secret, dialler = {}, acceptor = {} } = recipe;
  const both: SideOptions = {
    auth: secret ? sharedSecret(SECRET) : null,
    checksum: bytes ? crc32 : null,
  };
  const pair = new Pair({ bytes, unopened: true, both, dialler, acceptor });
  pair.echo();
  return { pair, kept: pair.keep() };
}

/** Moves what one side has written to the other one, turn by turn, until both are quiet. */
export function exchange(pair: Pair, hear: (turn: Turn) => void): void {
  const { dialler, acceptor } = pair;
  for (let moved = true; moved;) {
    moved = false;
    for (const [from, to] of [[dialler, acceptor], [acceptor, dialler]] as const) {
      while (from.session.hasOutput) {
        from.drain();
        from.written();
      }
      if (from.transit.length === 0) continue;
      moved = true;
      const name = from === dialler ? "dialler" : "acceptor";
      const said = recipeTurns(from.transit, from.options.envelope);
      for (const hex of said) hear({ from: name, hex });
      pair.deliver(from, to);
    }
  }
}

/** On a byte stream where one write ends and the next begins means nothing. */
function recipeTurns(pieces: readonly Uint8Array[], stream: boolean): string[] {
  return stream ? [joined(...pieces).toHex()] : pieces.map((piece) => piece.toHex());
}

/** Has the conversation. */
export function converse(recipe: ConversationRecipe): Turn[] {
  const turns: Turn[] = [];
  const { pair, kept } = pairFor(recipe);
  const hear = (turn: Turn): void => void turns.push(turn);
  exchange(pair, hear);
  if (recipe.act !== undefined) {
    recipe.act(pair, kept);
    exchange(pair, hear);
    answer(pair, kept);
    exchange(pair, hear);
  }
  return turns;
}

function everything({ dialler, nowMs }: Pair): (TestCall | TestStream)[] {
  const deadlineMs = nowMs + 60_000;
  const calls = [
    dialler.request("echo", numbered(5), { deadlineMs, metadata: { trace: "a1" } }),
    dialler.request("echo", null),
    dialler.request("nobody", undefined),
    dialler.request("keep", numbered(3)),
  ];
  const stream = dialler.open("keep", numbered(2), { input: 2, output: 2 });
  stream.send!.send(rawCodec, numbered(4));
  stream.send!.send(rawCodec, undefined);
  stream.send!.end(() => {}, nowMs);
  const left = dialler.open("keep", null, { output: 1 });
  dialler.cancel(left, new Error("user left"));
  return [...calls, stream, left];
}

/** What the acceptor's handlers do when both sides have become quiet. */
export function answer(pair: Pair, { requests, streams }: KeepTarget): void {
  const { nowMs } = pair;
  const [call] = requests, [stream] = streams;
  const error = new InternodeError("HandlerFailed", "disk full", { outcome: "executed" });
  if (call?.pending) call.responder.failCall(call, error, numbered(2), nowMs);
  if (stream?.pending) {
    stream.send!.send(rawCodec, numbered(6));
    stream.send!.send(rawCodec, null);
    stream.responder.finishStream(stream, nowMs);
  }
  pair.acceptor.session.startDraining(nowMs);
}

/** All of them. */
export const CONVERSATIONS: readonly ConversationRecipe[] = [
  {
    name: "handshake without a secret",
    description: "hello; hello and welcome in one batch",
    bytes: false,
    secret: false,
  },
  {
    name: "handshake with a secret",
    description: "hello with a seal; hello, and welcome with a proof; proof",
    bytes: false,
    secret: true,
  },
  {
    name: "handshake with a secret, of a dialler that seals nothing",
    description: "hello, hello, proof, welcome with a proof: no feature bit 7",
    bytes: false,
    secret: true,
    dialler: { auth: provingLast(sharedSecret(SECRET)) },
  },
  {
    name: "handshake with a secret, with an acceptor that knows no seals",
    description:
      "the dialler's hello has feature bit 7 and a seal, the acceptor's has not: as before",
    bytes: false,
    secret: true,
    acceptor: { auth: provingLast(sharedSecret(SECRET)) },
  },
  {
    name: "handshake with a secret and checksums",
    description:
      "sealed, on a byte stream: both hellos have feature bits 0, 2 and 7, envelopes have checksum 0",
    bytes: true,
    secret: true,
  },
  {
    name: "handshake with a secret over mutual TLS",
    description:
      "both hellos have feature bit 3: the certificates' hashes end the transcript, and what is sealed",
    bytes: false,
    secret: true,
    dialler: { binding: BINDING },
    acceptor: { binding: BINDING },
  },
  {
    name: "handshake with a secret over mutual TLS, with a peer that does not bind",
    description:
      "the dialler's hello has feature bit 3, the acceptor's has not: nothing is added, and it cannot check the seal",
    bytes: false,
    secret: true,
    dialler: { binding: BINDING },
  },
  {
    name: "refused for its name",
    description: "the dialler looks for tcp://c:3 and finds tcp://b:2",
    bytes: false,
    secret: false,
    dialler: { peerName: "tcp://c:3" },
  },
  {
    name: "refused for its secret",
    description: "the dialler seals by another secret, which tells nothing, and proves it",
    bytes: false,
    secret: true,
    dialler: { auth: sharedSecret("another secret that is wrong") },
  },
  {
    name: "calls of every kind",
    description: "requests with and without answers, a two-way stream, a cancelled one, draining",
    bytes: false,
    secret: false,
    act: everything,
  },
  {
    name: "calls of every kind on a byte stream",
    description: "the same with envelopes, a secret and chained checksums",
    bytes: true,
    secret: true,
    act: everything,
  },
  {
    name: "a request and its answer in pieces",
    description: "3,000 bytes between sides that take pieces of 1,024",
    bytes: true,
    secret: false,
    dialler: { limits: { maxFragmentBytes: 1024 } },
    acceptor: { limits: { maxFragmentBytes: 1024 } },
    act: ({ dialler }) => [dialler.request("echo", numbered(3000))],
  },
];
