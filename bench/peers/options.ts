/**
 * The command line of `deno task bench:peers`.
 *
 * @module
 */

import { PEER_NAMES, type PeerName } from "./stands/list.ts";
import type { Work } from "./stands/measure.ts";

/** What is to be compared. */
export interface PeersOptions {
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

/** What `--help` prints. */
export const HELP = `deno task bench:peers [options]

The same echo over Internode and its peers, each in two processes, in turns.

  --peers a,b     only these; all are: ${PEER_NAMES.join(", ")}
  --work 64x1,…   bytes x requests in flight; 64x1,64x1024,512x64,65536x32 unless told otherwise
  --seconds S     how long each round of each peer is; 0.5 unless told otherwise
  --rounds N      how many rounds there are, of which the middle counts; 3 unless told otherwise
  --json          one line of JSON for each row, instead of tables
`;

/** Reads the command line; `undefined`: help is wanted. */
export function parsePeersOptions(args: readonly string[]): PeersOptions | undefined {
  const given = new Map<string, string>();
  for (let i = 0; i < args.length; i++) {
    const name = args[i]!;
    if (name === "--help") return undefined;
    given.set(name, name === "--json" ? "" : args[++i] ?? "");
  }
  const take = (name: string, fallback: string): string => {
    const value = given.get(name) ?? fallback;
    given.delete(name);
    return value;
  };
  const options: PeersOptions = {
    peers: take("--peers", PEER_NAMES.join()).split(",").map(peer),
    works: take("--work", "64x1,64x1024,512x64,65536x32").split(",").map(work),
    seconds: positive(take("--seconds", "0.5")),
    rounds: Math.ceil(positive(take("--rounds", "3"))),
    json: take("--json", "no") === "",
  };
  const unknown = [...given.keys()][0];
  if (unknown !== undefined) throw new Error(`${unknown} is no option of this bench; see --help`);
  return options;
}

function peer(text: string): PeerName {
  const found = PEER_NAMES.find((name) => name === text);
  if (found !== undefined) return found;
  throw new Error(`${JSON.stringify(text)} is none of ${PEER_NAMES.join(", ")}`);
}

function work(text: string): Work {
  const [, size, inflight] = /^(\d+)x(\d+)$/.exec(text) ?? [];
  if (size !== undefined && Number(inflight) > 0) {
    return { size: Number(size), inflight: Number(inflight) };
  }
  throw new Error(`${JSON.stringify(text)} is not bytes x requests in flight, such as 64x1`);
}

function positive(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new Error(`${JSON.stringify(text)} is no number above 0`);
}
