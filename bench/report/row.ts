/**
 * What the report is made of.
 *
 * @module
 */

/** One point of Internode's curves, and the floor's. */
export interface ReportRow {
  /** Over what. */
  readonly transport: string;
  /** Payload of each message, in bytes. */
  readonly size: number;
  /** Requests in flight. */
  readonly inflight: number;
  /** Requests answered in each second. */
  readonly perSecond: number;
  /** The middle of the times that a request took, in microseconds. */
  readonly p50Us: number;
  /** The slowest hundredth, in microseconds. */
  readonly p99Us: number;
  /** How many times a second a raw echo carries as many bytes, with as many in flight. */
  readonly floorPerSecond: number;
}

/** One figure of something else that answers requests, as `bench:peers --json` prints it. */
export interface PeerFigure {
  /** Its name. */
  readonly peer: string;
  /** Over what. */
  readonly transport: string;
  /** Payload of each message, in bytes. */
  readonly size: number;
  /** Requests in flight. */
  readonly inflight: number;
  /** Requests answered in each second. */
  readonly perSecond: number;
  /** The middle of the times that a request took, in microseconds. */
  readonly p50Us: number;
  /** The slowest hundredth, in microseconds. */
  readonly p99Us: number;
}

const TEXTS = ["peer", "transport"] as const;
const NUMBERS = ["size", "inflight", "perSecond", "p50Us", "p99Us"] as const;

/**
 * Reads figures of peers: a row of JSON on each line, or one array of them.
 * What a row holds beside its figures is passed over.
 *
 * @throws {Error} If a row lacks something; the message says which and what.
 */
export function parsePeerFigures(text: string): PeerFigure[] {
  const rows: unknown[] = text.trimStart().startsWith("[")
    ? JSON.parse(text)
    : text.split("\n").filter((line) => line.trim() !== "").map((line) => JSON.parse(line));
  return rows.map((row, at) => {
    const given = row as Record<string, unknown>;
    for (const name of TEXTS) {
      if (typeof given[name] !== "string") throw lacks(at, name, "a text");
    }
    for (const name of NUMBERS) {
      if (!(Number.isFinite(given[name]) && given[name] as number >= 0)) {
        throw lacks(at, name, "a number");
      }
    }
    const { peer, transport, size, inflight, perSecond, p50Us, p99Us } =
      given as unknown as PeerFigure;
    return { peer, transport, size, inflight, perSecond, p50Us, p99Us };
  });
}

function lacks(at: number, name: string, what: string): Error {
  return new Error(`row ${at + 1} of the peers' figures has no "${name}" that is ${what}`);
}
