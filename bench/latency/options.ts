/**
 * The command line of `deno task bench:latency`.
 *
 * @module
 */

import {
  CommandLine,
  flag,
  list,
  oneOf,
  seconds,
  UsageError,
  whole,
} from "../../tools/command_line/command_line.ts";
import { PEER_NAMES, type PeerName } from "../peers/stands/list.ts";
import { LOAD_KINDS, type LoadKind } from "./load.ts";

/** Over what it goes. */
const TRANSPORTS = ["tcp", "unix", "ws", "tls"] as const;

/** One of them. */
export type LatencyTransport = typeof TRANSPORTS[number];

/** What is to be measured. */
export interface LatencyOptions {
  /** Over what. */
  readonly transports: readonly LatencyTransport[];
  /** What is asked. */
  readonly kinds: readonly LoadKind[];
  /** Whom to compare with. */
  readonly peers: readonly PeerName[];
  /** At which parts of saturation, in percent. */
  readonly parts: readonly number[];
  /** How long each is measured in each round. */
  readonly seconds: number;
  /** How often, in turns with the floor. */
  readonly rounds: number;
  /** How long each runs without a rate before anything counts, and at each rate, there at most a second. */
  readonly warm: number;
  /** What arrivals are drawn from. */
  readonly seed: number;
  /** Whether to print a line of JSON for each row instead of tables. */
  readonly json: boolean;
}

const NOBODY = "none";

const LINE = new CommandLine(
  "deno task bench:latency",
  "How late answers are when requests come at a rate, whether or not earlier ones were answered.",
  {
    transports: list(
      `only these of ${TRANSPORTS.join(", ")}`,
      "NAME,…",
      TRANSPORTS,
      oneOf(TRANSPORTS),
    ),
    kinds: list(`only these of ${LOAD_KINDS.join(", ")}`, "NAME,…", LOAD_KINDS, oneOf(LOAD_KINDS)),
    peers: list(
      `which of ${PEER_NAMES.join(", ")} to compare with; ${NOBODY}: with none`,
      "NAME,…",
      ["grpc-go", "nats", "grpc-js"],
      oneOf([...PEER_NAMES, NOBODY]),
    ),
    parts: list(
      "which parts of saturation, in percent",
      "N,…",
      ["10", "30", "50", "70", "90"],
      part,
    ),
    seconds: seconds("how long each is measured in each round", 1),
    rounds: whole("how often each is measured, in turns with the floor", { from: 1, fallback: 3 }),
    warm: seconds(
      "how long each runs without a rate before anything counts, and at each rate, there at most 1",
      6,
    ),
    seed: whole("what arrivals are drawn from", { from: 0, fallback: 1 }),
    json: flag("one line of JSON for each row, instead of tables"),
  },
);

/** What `--help` prints. */
export const USAGE: string = LINE.usage;

/**
 * Reads the command line.
 *
 * @throws {UsageError} If something in it is not understood.
 */
export function parseLatencyOptions(args: readonly string[]): LatencyOptions | "help" {
  const values = LINE.parse(args);
  if (values === "help") return values;
  const peers = values.peers.filter((name): name is PeerName => name !== NOBODY);
  return { ...values, peers };
}

function part(given: string): number {
  const percent = Number(given);
  if (percent > 0 && percent < 1_000) return percent;
  throw new UsageError(`${JSON.stringify(given)} is no part in percent`);
}
