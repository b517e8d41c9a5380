/**
 * The sizes and counts that limit memory.
 *
 * @module
 */

import { invalidArgument } from "../errors.ts";
import { shown } from "../foreign/text_of.ts";

/** What one side of a connection accepts. Each side sends its limits in the handshake. */
export interface Limits {
  /** The largest message, in bytes. Default: 104,857,600 (100 MiB). At most 7/8 of `receiveBudgetBytes`. */
  readonly maxMessageBytes: number;
  /** The largest fragment of a message, in bytes; larger messages are sent in fragments: of at most 65,536 until the path has shown to carry 256 KiB a millisecond. Default: 262,144. From 1,024 to 1,048,576. */
  readonly maxFragmentBytes: number;
  /** How many bytes of messages the peer may have sent that are not yet consumed. Default: 134,217,728 (128 MiB). */
  readonly receiveBudgetBytes: number;
  /** How many bytes of requests and responses may wait here to be sent, besides a single one of any size; more are refused as `Overloaded`. Messages of streams may take a quarter of it; more wait with their senders. Default: 10,485,760 (10 MiB). */
  readonly sendBudgetBytes: number;
  /**
   * How many unread bytes one stream may hold, besides a single message of any
   * size. While its reader keeps up, and a round trip takes 5 ms or more, as
   * many may be under way as are read in two round trips, so that no
   * distance makes a stream slow: all streams together at most half of
   * `receiveBudgetBytes` more. Default: 1,048,576.
   */
  readonly streamBudgetBytes: number;
  /**
   * How much memory the decoded values of running calls may take, as an
   * estimate, over all connections of this node, client or server: requests
   * until their handlers end, messages of streams until they are read. One
   * connection may take as much as it leaves free: half of it if it is the only
   * one; a message beyond that is refused as `Overloaded`, or as
   * `MessageTooLarge` if it is over half by itself. Default: 134,217,728 (128
   * MiB).
   */
  readonly decodedBudgetBytes: number;
  /** How many calls the peer may have running, requests and streams together. Default: 10,240. At most 1,048,576. */
  readonly maxCalls: number;
  /**
   * How many calls the peer may make in a second, requests and streams
   * together; as many may come at once. Further calls are answered
   * `Overloaded`, and are neither decoded nor run. In a grid the limit is for
   * each peer, in a service for each connection of a client. Default:
   * `Infinity`.
   */
  readonly maxCallsPerSecond: number;
  /**
   * How many bytes of messages the peer may send in a second, with 128 for each
   * message. Nothing is refused: the window is given back so slowly that no
   * more can be sent, and calls that are too large for the rest wait at the
   * sender. The peer may always have `receiveBudgetBytes` in flight besides
   * that, so lower that too. The limit is for each connection, and includes
   * responses to calls of this side. Default: `Infinity`. At least 1,024.
   */
  readonly maxBytesPerSecond: number;
}

/** The default limits. */
export const DEFAULT_LIMITS: Limits = {
  maxMessageBytes: 100 * 1024 * 1024,
  maxFragmentBytes: 256 * 1024,
  receiveBudgetBytes: 128 * 1024 * 1024,
  sendBudgetBytes: 10 * 1024 * 1024,
  streamBudgetBytes: 1024 * 1024,
  decodedBudgetBytes: 128 * 1024 * 1024,
  maxCalls: 10_240,
  maxCallsPerSecond: Infinity,
  maxBytesPerSecond: Infinity,
};

/** The highest possible `maxCalls`: an id has 20 bits for its slot. */
export const MAX_CALLS: number = 1 << 20;
/** The most messages of one direction of a stream that may be under way or unread. */
export const MAX_STREAM_CREDIT = 65_535;
/** The highest possible `maxFragmentBytes`. */
export const MAX_FRAGMENT_BYTES: number = 1024 * 1024;
/** The largest batch a peer may send once the handshake is done; a fragment and its header always fit. */
export const MAX_BATCH_BYTES: number = 2 * 1024 * 1024;
/** The largest batch a peer may send during the handshake. */
export const MAX_HANDSHAKE_BATCH_BYTES = 4096;

const RANGES: { readonly [K in keyof Limits]: readonly [number, number] } = {
  // The largest message that the largest budget allows.
  maxMessageBytes: [1024, 0x6fff_ff80],
  maxFragmentBytes: [1024, MAX_FRAGMENT_BYTES],
  receiveBudgetBytes: [64 * 1024, 0x7fff_ffff],
  sendBudgetBytes: [64 * 1024, 0x7fff_ffff],
  streamBudgetBytes: [1024, 0x7fff_ffff],
  decodedBudgetBytes: [64 * 1024, Number.MAX_SAFE_INTEGER],
  maxCalls: [1, MAX_CALLS],
  maxCallsPerSecond: [1, Infinity],
  maxBytesPerSecond: [1024, Infinity],
};

/**
 * Fills in what is missing and checks the whole.
 *
 * @param given The limits that differ from {@linkcode DEFAULT_LIMITS}.
 * @returns All limits.
 * @throws {InternodeError} `InvalidArgument`, naming the limit and its range.
 */
export function resolveLimits(given: Partial<Limits> = {}): Limits {
  const limits = { ...DEFAULT_LIMITS, ...given };
  for (const [name, [low, high]] of Object.entries(RANGES)) {
    const value = limits[name as keyof Limits];
    const isWhole = Number.isInteger(value) || (value === Infinity && high === Infinity);
    if (!isWhole || value < low || value > high) {
      throw invalidArgument(
        `Limit ${name} must be a whole number from ${low} to ${high}, not ${shown(value)}.`,
      );
    }
  }
  if (limits.maxMessageBytes > largestMessage(limits.receiveBudgetBytes)) {
    throw invalidArgument(
      `Limit maxMessageBytes (${limits.maxMessageBytes}) must be at most 7/8 of receiveBudgetBytes ` +
        `(${limits.receiveBudgetBytes}): raise the budget or lower the message size.`,
    );
  }
  return limits;
}

/**
 * The largest message that always fits a budget sooner or later, as a receiver
 * may hold back the return of up to an eighth of it.
 *
 * @param budgetBytes The receiver's budget.
 * @returns The size in bytes.
 */
export function largestMessage(budgetBytes: number): number {
  return budgetBytes - Math.floor(budgetBytes / 8) - MESSAGE_OVERHEAD_BYTES;
}

/** With so many bytes each message counts beside its payload, as empty ones take memory too. */
const MESSAGE_OVERHEAD_BYTES = 128;

/**
 * What a message takes of the budgets.
 *
 * @param payloadBytes The size of its payload.
 * @returns The size in bytes.
 */
export function messageCost(payloadBytes: number): number {
  return payloadBytes + MESSAGE_OVERHEAD_BYTES;
}
