/**
 * The first frame of each side.
 *
 * @module
 */

import { isPlain } from "../../foreign/plain_text.ts";
import type { ByteReader } from "../../wire/byte_reader.ts";
import { ByteWriter } from "../../wire/byte_writer.ts";

/** The oldest protocol version that this code supports. */
export const MIN_VERSION = 1;
/** The newest protocol version that this code supports. */
export const MAX_VERSION = 1;
/** Feature bit: batches on byte streams carry checksums. */
export const FEATURE_CHECKSUM = 1;
/** Feature bit in a dialler's hello: the older connection stays open until its calls have ended. */
export const FEATURE_RENEWAL = 2;
/** Feature bit: the number of a name may be given to another name. */
export const FEATURE_NAME_REUSE = 4;
/** Feature bit: the sender knows the certificates that both sides have shown, and binds proofs to them. */
export const FEATURE_BINDING = 8;
/** Feature bit: the sender knows the metadata of answers. */
export const FEATURE_ANSWER_METADATA = 16;
/** Feature bit: the sender knows windows of streams that grow. */
export const FEATURE_GROWING_WINDOWS = 32;
/** Feature bit: the sender knows the priority of calls. */
export const FEATURE_PRIORITY = 64;

/** Feature bit: the dialler's hello is sealed; the acceptor's follows at once by its proof. */
export const FEATURE_SEAL = 128;

/** "INTR": detects a peer that speaks another protocol at once. */
const MAGIC = 0x5254_4e49;
const FIXED_BYTES = 96;
/** The length of an instance id in bytes. */
export const INSTANCE_BYTES = 16;
/** The length of a nonce in bytes. */
export const NONCE_BYTES = 32;
/** The length of a seal in bytes. */
export const SEAL_BYTES = 32;

/** The content of a hello frame. */
export interface Hello {
  /** The oldest protocol version that its sender supports. */
  readonly minVersion: number;
  /** The newest protocol version that its sender supports. */
  readonly maxVersion: number;
  /** The feature bits of its sender. */
  readonly features: number;
  /** Its sender's wall clock, in milliseconds since 1970. */
  readonly wallMs: number;
  /** Random bytes, new for each start of a node. */
  readonly instance: Uint8Array;
  /** Random bytes, new for each connection. */
  readonly nonce: Uint8Array;
  /** The largest message that its sender accepts. */
  readonly maxMessageBytes: number;
  /** The largest fragment that its sender accepts. */
  readonly maxFragmentBytes: number;
  /** How many unconsumed bytes its sender accepts. */
  readonly receiveBudgetBytes: number;
  /** How many unconsumed bytes of one stream its sender accepts. */
  readonly streamBudgetBytes: number;
  /** How many calls at a time its sender accepts. */
  readonly maxCalls: number;
  /** Whether its sender has a shared secret and requires one. */
  readonly authenticates: boolean;
  /** Its sender's name. */
  readonly name: string;
  /** The name that its sender expects of the other side; empty for any. */
  readonly peerName: string;
  /** What shows that who made it knows the secret, if its dialler has sealed it. */
  readonly seal?: Uint8Array;
}

/** Which features a peer has. This side has all of them, so both sides have those. */
export interface SharedFeatures {
  /** See {@linkcode FEATURE_RENEWAL}. */
  readonly renews: boolean;
  /** See {@linkcode FEATURE_NAME_REUSE}. */
  readonly reusesNames: boolean;
  /** See {@linkcode FEATURE_ANSWER_METADATA}. */
  readonly tellsMetadata: boolean;
  /** See {@linkcode FEATURE_GROWING_WINDOWS}. */
  readonly growsWindows: boolean;
  /** Whether calls carry their priority. */
  readonly ranks: boolean;
}

/** Reads the features of a peer's hello. */
export function sharedFeatures({ features }: Hello): SharedFeatures {
  return {
    renews: (features & FEATURE_RENEWAL) !== 0,
    reusesNames: (features & FEATURE_NAME_REUSE) !== 0,
    tellsMetadata: (features & FEATURE_ANSWER_METADATA) !== 0,
    growsWindows: (features & FEATURE_GROWING_WINDOWS) !== 0,
    ranks: (features & FEATURE_PRIORITY) !== 0,
  };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** The longest name of a host that is accepted, in bytes. */
const MAX_HOST_NAME_BYTES = 1_024;

/** The bytes of a hello frame's payload; PROTOCOL.md has the table. */
export function encodeHello(hello: Hello): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(FIXED_BYTES + 128);
  const view = writer.view;
  view.setUint32(0, MAGIC, true);
  view.setUint16(4, hello.minVersion, true);
  view.setUint16(6, hello.maxVersion, true);
  view.setUint32(8, hello.features, true);
  view.setFloat64(16, hello.wallMs, true);
  writer.bytes.set(hello.instance, 24);
  writer.bytes.set(hello.nonce, 40);
  view.setUint32(72, hello.maxMessageBytes, true);
  view.setUint32(76, hello.maxFragmentBytes, true);
  view.setUint32(80, hello.receiveBudgetBytes, true);
  view.setUint32(84, hello.streamBudgetBytes, true);
  view.setUint32(88, hello.maxCalls, true);
  view.setUint8(92, hello.authenticates ? 1 : 0);
  writer.position = FIXED_BYTES;
  writeName(writer, hello.name);
  writeName(writer, hello.peerName);
  if (hello.seal !== undefined) writer.append(hello.seal);
  return writer.bytes.slice(0, writer.position);
}

/**
 * Reads a hello frame's payload. Bytes after the known fields belong to later
 * versions and are skipped.
 *
 * @returns Its content, or a text that says what is wrong with it.
 */
export function decodeHello(reader: ByteReader): Hello | string {
  const { view, position: at } = reader;
  if (reader.remaining < 4 || view.getUint32(at, true) !== MAGIC) {
    return "the peer does not speak this protocol";
  }
  if (reader.remaining < FIXED_BYTES) return `its hello has only ${reader.remaining} bytes`;
  reader.position = at + FIXED_BYTES;
  const name = readName(reader), peerName = readName(reader);
  if (name === null || peerName === null) {
    return `a name in its hello is cut short, over ${MAX_HOST_NAME_BYTES} bytes, not UTF-8, or has control characters or invisible ones`;
  }
  const features = view.getUint32(at + 8, true);
  const isSealed = (features & FEATURE_SEAL) !== 0 && reader.remaining >= SEAL_BYTES;
  const hello: Hello = {
    minVersion: view.getUint16(at + 4, true),
    maxVersion: view.getUint16(at + 6, true),
    features,
    wallMs: view.getFloat64(at + 16, true),
    instance: reader.bytes.slice(at + 24, at + 40),
    nonce: reader.bytes.slice(at + 40, at + 72),
    maxMessageBytes: view.getUint32(at + 72, true),
    maxFragmentBytes: view.getUint32(at + 76, true),
    receiveBudgetBytes: view.getUint32(at + 80, true),
    streamBudgetBytes: view.getUint32(at + 84, true),
    maxCalls: view.getUint32(at + 88, true),
    authenticates: view.getUint8(at + 92) === 1,
    name,
    peerName,
    ...(isSealed && { seal: reader.bytes.slice(reader.position, reader.position + SEAL_BYTES) }),
  };
  if (hello.maxFragmentBytes < 1024 || hello.maxCalls < 1 || hello.receiveBudgetBytes < 65_536) {
    return "its limits are invalid: " +
      `maxFragmentBytes ${hello.maxFragmentBytes}, maxCalls ${hello.maxCalls}, receiveBudgetBytes ${hello.receiveBudgetBytes}`;
  }
  return hello;
}

function writeName(writer: ByteWriter, name: string): void {
  const bytes = encoder.encode(name);
  writer.ensure(2);
  writer.view.setUint16(writer.position, bytes.length, true);
  writer.position += 2;
  writer.append(bytes);
}

function readName(reader: ByteReader): string | null {
  if (reader.remaining < 2) return null;
  const length = reader.view.getUint16(reader.position, true);
  reader.position += 2;
  if (reader.remaining < length || length > MAX_HOST_NAME_BYTES) return null;
  const bytes = reader.bytes.subarray(reader.position, reader.position + length);
  reader.position += length;
  try {
    const name = decoder.decode(bytes);
    // Names go to logs and are compared by people.
    return isPlain(name) ? name : null;
  } catch {
    return null;
  }
}
