/**
 * The command line of `deno task bench:peers`.
 *
 * @module
 */

import {
  CommandLine,
  flag,
  list,
  oneOf,
  seconds,
  text,
  UsageError,
  whole,
} from "../../tools/command_line/command_line.ts";
import { PEER_NAMES, type PeerName } from "./stands/list.ts";
import type { Work } from "./stands/measure.ts";

/** What is to be compared. */
export interface PeersOptions {
  /** On what all processes run. */
  readonly runtime: string;
  /** Names of peers, in the order of the table. */
  readonly peers: readonly PeerName[];
  /** What each has to do. */
  readonly works: readonly Work[];
  /** How long each round of each peer is. */
  readonly seconds: number;
  /** How many rounds there are, of which the middle counts. */
  readonly rounds: number;
  /** Whether to print a line of JSON for each row instead of tables. */
  readonly json: boolean;
}

const LINE = new CommandLine(
  "deno task bench:peers",
  "The same echo over Internode and its peers, each in two processes, in turns.",
  {
    runtime: text(
      "what all processes run on: deno, node, bun, what npx brings, or the path of a program",
      "NAME",
      "deno",
    ),
    peers: list(
      `only these of ${PEER_NAMES.join(", ")}; all without it`,
      "NAME,…",
      [],
      oneOf(PEER_NAMES),
    ),
    work: list(
      "bytes x requests in flight",
      "64x1,…",
      ["64x1", "64x1024", "512x64", "65536x32"],
      work,
    ),
    seconds: seconds("how long each round of each peer is", 0.5),
    rounds: whole("how many rounds there are, of which the middle counts", {
      from: 1,
      fallback: 3,
    }),
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
export function parsePeersOptions(args: readonly string[]): PeersOptions | "help" {
  const values = LINE.parse(args);
  if (values === "help") return values;
  const { peers, work: works, ...rest } = values;
  return { peers: peers.length === 0 ? PEER_NAMES : peers, works, ...rest };
}

function work(given: string): Work {
  const [, size, inflight] = /^(\d+)x(\d+)$/.exec(given) ?? [];
  if (size !== undefined && Number(inflight) > 0) {
    return { size: Number(size), inflight: Number(inflight) };
  }
  throw new UsageError(`${JSON.stringify(given)} is not bytes x requests in flight, such as 64x1`);
}
