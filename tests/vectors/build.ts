/** Puts all vectors together, as they stand in the JSON files beside this one. */

import { encodeMetadata } from "../../lib/session/frames/metadata.ts";
import { writeError } from "../../lib/session/frames/wire_error.ts";
import { InternodeError } from "../../lib/errors.ts";
import { ByteWriter } from "../../lib/wire/byte_writer.ts";
import { numbered } from "../support/session/calls.ts";
import {
  joined,
  parseFrames,
  rawFrame,
  typeName,
  u32,
  utf8,
} from "../support/session/raw_frames.ts";
import { slowCrc32 } from "../wire/crc32.ts";
import { conversationVectors, hmac } from "./conversation_vectors.ts";
import { SECRET } from "./conversations.ts";
import { diallerVectors } from "./diallers.ts";
import { answerMetadata } from "./recipe_makers.ts";
import { FRAME_RECIPES } from "./recipes.ts";
import { valueVectors } from "./values.ts";

/** A frame. */
export interface FrameVector {
  name: string;
  description: string;
  hex: string;
  type: number;
  typeName: string;
  flags: number;
  code: number;
  length: number;
  id: number;
  argument: number;
  payloadHex: string;
}

/** Batches on a byte stream. */
export interface EnvelopeVector {
  name: string;
  description: string;
  hex: string;
  checksums: boolean;
  batches: { length: number; checksum: number; framesHex: string }[];
}

/** The payload of an error frame. */
export interface ErrorVector {
  name: string;
  description: string;
  hex: string;
  code: string;
  codeNumber: number;
  outcome: string;
  message: string;
  /** `null`: no name is sent. */
  remoteName: string | null;
  detailHex: string | null;
  metadataHex: string | null;
}

/** A block of metadata. */
export interface MetadataVector {
  name: string;
  description: string;
  hex: string;
  entries: [string, string][];
}

/** The fingerprint of a method. */
export interface MethodKeyVector {
  name: string;
  description: string;
  component: string;
  method: string;
  encodedHex: string;
  hex: string;
}

/** A token of a WebSocket upgrade request. */
export interface TokenVector {
  name: string;
  description: string;
  token: string;
  hex: string;
  secret: string;
  from: string;
  to: string;
  issuedMs: number;
}

export function frameVectors(): FrameVector[] {
  return FRAME_RECIPES.map(({ name, description, make }) => {
    const bytes = make();
    const [frame] = parseFrames(bytes);
    const { type, flags, code, id, argument, payload } = frame!;
    return {
      name,
      description,
      hex: bytes.toHex(),
      type,
      typeName: typeName(type),
      flags,
      code,
      length: payload.length,
      id,
      argument,
      payloadHex: payload.toHex(),
    };
  });
}

/** Made without the library's encoder. */
export function envelopeVectors(): EnvelopeVector[] {
  const ping = (argument: number): Uint8Array => rawFrame(7, { argument });
  const request = rawFrame(16, { id: 1 << 20, argument: 1000, payload: numbered(32) });
  const make = (
    name: string,
    description: string,
    checksums: boolean,
    batches: Uint8Array[],
  ): EnvelopeVector => {
    let running = 0;
    const parts = batches.map((frames) => {
      const checksum = checksums ? running = slowCrc32(frames, running) : 0;
      return { frames, checksum };
    });
    return {
      name,
      description,
      hex: joined(
        ...parts.flatMap(({ frames, checksum }) => [u32(frames.length, checksum), frames]),
      )
        .toHex(),
      checksums,
      batches: parts.map(({ frames, checksum }) => ({
        length: frames.length,
        checksum,
        framesHex: frames.toHex(),
      })),
    };
  };
  return [
    make("one batch", "a ping, without checksums", false, [ping(1)]),
    make("one batch of two frames", "a ping and a request, without checksums", false, [
      joined(ping(1), request),
    ]),
    make("one checked batch", "a ping; the CRC-32 starts at 0", true, [ping(1)]),
    make("three checked batches", "each checksum goes on from the one before", true, [
      ping(1),
      joined(ping(2), request),
      ping(1),
    ]),
  ];
}

export function errorVectors(): ErrorVector[] {
  const make = (
    name: string,
    description: string,
    error: InternodeError,
    codeNumber: number,
    detail: Uint8Array | null,
    metadata: Uint8Array | null = null,
  ): ErrorVector => {
    const writer = new ByteWriter();
    writeError(writer, error, detail, undefined, metadata);
    return {
      name,
      description,
      hex: writer.bytes.slice(0, writer.position).toHex(),
      code: error.code,
      codeNumber,
      outcome: error.outcome,
      message: error.message,
      remoteName: error.remoteName ?? null,
      detailHex: detail?.toHex() ?? null,
      metadataHex: metadata?.toHex() ?? null,
    };
  };
  const codes = [
    "Unreachable",
    "Disconnected",
    "DeadlineExceeded",
    "Cancelled",
    "UnknownHandler",
    "HandlerFailed",
    "InvalidPayload",
    "MessageTooLarge",
    "Overloaded",
    "PermissionDenied",
    "ProtocolError",
    "Closed",
    "InvalidArgument",
    "GoingAway",
    "NotListed",
    "Unauthenticated",
  ] as const;
  const outcomes = ["notSent", "notExecuted", "maybeExecuted", "executed"] as const;
  return [
    ...codes.map((code, index) =>
      make(
        code,
        `code ${index + 1}, outcome ${index % 4}`,
        new InternodeError(code, "because", { outcome: outcomes[index % 4]! }),
        index + 1,
        null,
      )
    ),
    make(
      "with a detail",
      "4 bytes behind the text",
      new InternodeError("HandlerFailed", "ünïcode ✓", { outcome: "executed" }),
      6,
      numbered(4),
    ),
    make(
      "with a name",
      "the name of the error thrown, 10 bytes behind the text",
      new InternodeError("HandlerFailed", "none left", {
        outcome: "executed",
        remoteName: "OutOfStock",
      }),
      6,
      null,
    ),
    make(
      "with a name and a detail",
      "a name of 7 bytes, not ASCII alone, and a detail of 3 bytes behind it",
      new InternodeError("HandlerFailed", "leer", { outcome: "executed", remoteName: "Größe" }),
      6,
      numbered(3),
    ),
    make(
      "with an empty name",
      "an empty name is not the same as none",
      new InternodeError("HandlerFailed", "x", { outcome: "executed", remoteName: "" }),
      6,
      null,
    ),
    make(
      "without a text, with an empty detail",
      "an empty detail is not the same as none",
      new InternodeError("HandlerFailed", "", { outcome: "executed" }),
      6,
      new Uint8Array(0),
    ),
    make(
      "with a name, metadata and a detail",
      "no headers, trailers sum = ff, between the name and the detail",
      new InternodeError("HandlerFailed", "leer", { outcome: "executed", remoteName: "Größe" }),
      6,
      numbered(3),
      answerMetadata({}, { sum: "ff" }),
    ),
  ];
}

export function metadataVectors(): MetadataVector[] {
  const make = (name: string, description: string, entries: [string, string][]): MetadataVector => {
    const metadata: Record<string, string> = Object.create(null);
    for (const [key, value] of entries) metadata[key] = value;
    return { name, description, hex: encodeMetadata(metadata).toHex(), entries };
  };
  return [
    make("empty", "no entries", []),
    make("one", "one entry", [["trace", "a1"]]),
    make("several", "in the order given, empty texts and odd keys among them", [
      ["", ""],
      ["__proto__", "harmless"],
      ["größe", "✓"],
    ]),
    {
      name: "the same key twice",
      description: "no breach; the last one counts",
      hex: "0c00 0100 61 0100 31 0100 61 0100 32".replaceAll(" ", ""),
      entries: [["a", "1"], ["a", "2"]],
    },
  ];
}

/** Made without the library. */
export async function tokenVectors(): Promise<TokenVector[]> {
  const from = "ws://a:1", to = "ws://b:2", issuedMs = 1_750_000_000_000;
  const head = new Uint8Array(27);
  const view = new DataView(head.buffer);
  head[0] = 1;
  view.setFloat64(1, issuedMs, true);
  head.set(numbered(16, 0x40), 9);
  view.setUint16(25, utf8(from).length, true);
  const signed = joined(head, utf8(from), utf8(to));
  const bytes = joined(signed, await hmac(SECRET, "internode token 1\0", signed));
  return [{
    name: "token",
    description: "good for 30 s and what the clocks may differ",
    token: bytes.toBase64({ alphabet: "base64url", omitPadding: true }),
    hex: bytes.toHex(),
    secret: SECRET,
    from,
    to,
    issuedMs,
  }];
}

/** Made without the library. */
export async function methodKeyVectors(): Promise<MethodKeyVector[]> {
  const make = async (
    name: string,
    description: string,
    component: string,
    method: string,
  ): Promise<MethodKeyVector> => {
    const first = utf8(component), second = utf8(method);
    const encoded = joined(
      Uint8Array.of(first.length),
      first,
      Uint8Array.of(second.length),
      second,
    );
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", encoded));
    const hex = hash.slice(0, 16).toHex();
    return { name, description, component, method, encodedHex: encoded.toHex(), hex };
  };
  return [
    await make("plain", "two plain names", "cache", "get"),
    await make("dots", "not the same as a component a.b with a method c", "a", "b.c"),
    await make("dots elsewhere", "not the same as a component a with a method b.c", "a.b", "c"),
    await make("beyond ASCII", "lengths count bytes of UTF-8", "größe", "✓"),
    await make("longest", "255 bytes each", "c".repeat(255), "m".repeat(255)),
  ];
}

/** All files, by name. */
export async function allVectors(): Promise<Record<string, readonly unknown[]>> {
  return {
    "frames.json": frameVectors(),
    "envelopes.json": envelopeVectors(),
    "errors.json": errorVectors(),
    "metadata.json": metadataVectors(),
    "conversations.json": await conversationVectors(),
    "tokens.json": await tokenVectors(),
    "method_keys.json": await methodKeyVectors(),
    "values.json": valueVectors(),
    "diallers.json": diallerVectors(),
  };
}
