/**
 * The same work over Internode and its peers, in turns: `deno task bench:peers`.
 * README.md says how each peer is set up.
 *
 * @module
 */

import { type PeerName, PEERS, REFERENCE } from "./stands/list.ts";
import type { Work } from "./stands/measure.ts";
import { readOptions } from "../../tools/command_line/command_line.ts";
import { parsePeersOptions, type PeersOptions, USAGE } from "./options.ts";
import { CONFIG, PeerPair, PROCESS, type Round } from "./pair.ts";
import { Launcher } from "../../tools/runtimes/launcher.ts";
import { type PeerRow, peerRow, showWork } from "./row.ts";

/** Each round begins with so much of its time that is not measured. */
const WARM_PART = 0.2;

/** Runs all of it; rows are told as soon as a work is done. */
class Comparison {
  /** Those that answered so far. */
  readonly #pairs = new Map<PeerName, PeerPair>();
  readonly #options: PeersOptions;
  readonly #signal: AbortSignal;
  #failures = 0;

  constructor(options: PeersOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  /** How many peers were left out because they failed; what is not installed does not count. */
  async run(onWork: (work: Work, rows: PeerRow[]) => void): Promise<number> {
    await using stack = new AsyncDisposableStack();
    console.error(this.#plan());
    const { runtime } = this.#options, signal = this.#signal;
    const beside = { packages: CONFIG, data: "bench/peers/stands" };
    const launcher = stack.use(await Launcher.of([runtime], [PROCESS], beside));
    for (const name of this.#options.peers) {
      await this.#guard(name, async () => {
        const started = await PeerPair.start(name, { runtime, launcher, signal });
        if ("missing" in started) console.error(`${name} is skipped: ${started.missing}`);
        else this.#pairs.set(name, stack.use(started.pair));
      });
    }
    for (const work of this.#options.works) onWork(work, await this.#compare(work));
    return this.#failures;
  }

  #plan(): string {
    const { peers, works, seconds, rounds } = this.#options;
    const each = seconds * (1 + rounds * (1 + WARM_PART));
    // Starting a peer's processes takes about a second, and the last answers of a round some more.
    const total = peers.length * (1 + works.length * each * 1.1);
    return `${peers.length} peers, ${works.length} works, ${rounds} rounds of ${seconds} s each: ` +
      `about ${Math.ceil(total)} s\n`;
  }

  async #compare(work: Work): Promise<PeerRow[]> {
    const { seconds, rounds } = this.#options;
    await this.#each((pair) => pair.warm(work, seconds));
    const measured = new Map(
      [...this.#pairs.keys()].map((name): [PeerName, Round[]] => [name, []]),
    );
    for (let round = 0; round < rounds; round++) {
      await this.#each(async (pair, name) => {
        await pair.warm(work, seconds * WARM_PART);
        measured.get(name)!.push(await pair.round(work, seconds));
      }, round % 2 === 1);
    }
    return [...this.#pairs.keys()].map((peer) => {
      const reference = this.#pairs.has(REFERENCE) ? measured.get(REFERENCE)! : [];
      return peerRow({ peer, transport: PEERS[peer], ...work }, measured.get(peer)!, reference);
    });
  }

  /** One after the other; every other round the other way round, so that nobody always comes first. */
  async #each(
    act: (pair: PeerPair, name: PeerName) => Promise<void>,
    isReversed = false,
  ): Promise<void> {
    const pairs = [...this.#pairs];
    for (const [name, pair] of isReversed ? pairs.reverse() : pairs) {
      await this.#guard(name, () => act(pair, name));
    }
  }

  /** A peer that fails is left out from then on; the others go on. */
  async #guard(name: PeerName, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.#signal.throwIfAborted();
      this.#failures++;
      this.#pairs.delete(name);
      console.error(`${name} is left out: ${error instanceof Error ? error.message : error}`);
    }
  }
}

async function main(): Promise<number> {
  const options = readOptions(USAGE, parsePeersOptions);
  const stop = new AbortController();
  const onSignal = (): void => stop.abort(new Error("stopped"));
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, onSignal);
  try {
    const failures = await new Comparison(options, stop.signal).run((work, rows) => {
      if (options.json) { for (const row of rows) console.log(JSON.stringify(row)); }
      else showWork(work, rows);
    });
    return failures === 0 ? 0 : 1;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    return 130;
  }
}

if (import.meta.main) Deno.exit(await main());
