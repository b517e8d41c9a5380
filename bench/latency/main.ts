/**
 * How late answers are when requests come at a rate: `deno task bench:latency`.
 *
 * @module
 */

import { readOptions } from "../../tools/command_line/command_line.ts";
import { Launcher } from "../../tools/runtimes/launcher.ts";
import { PeerPair, PROCESS } from "../peers/pair.ts";
import { type PeerName, PEERS } from "../peers/stands/list.ts";
import { type LoadKind, sizesOf } from "./load.ts";
import { defaultRpcOptions } from "../rpc/options.ts";
import { MODULES, RpcPair } from "../rpc/peer.ts";
import type { LoadOrder, LoadResult } from "../support/open_loop.ts";
import {
  type LatencyOptions,
  type LatencyTransport,
  parseLatencyOptions,
  USAGE,
} from "./options.ts";
import { type LatencyRow, Rounds, showRows } from "./row.ts";

/** Runs a load somewhere. */
type Run = (order: LoadOrder) => Promise<LoadResult & { readonly cpuUs: number }>;

/** All of a run. */
class Latency {
  readonly #options: LatencyOptions;
  readonly #launcher: Launcher;

  constructor(options: LatencyOptions, launcher: Launcher) {
    this.#options = options;
    this.#launcher = launcher;
  }

  /** Over one transport, every kind; rows are told as soon as a kind is done. */
  async transport(
    transport: LatencyTransport,
    onKind: (kind: LoadKind, rows: LatencyRow[]) => void,
  ): Promise<void> {
    await using pair = await this.#pair(transport);
    for (const kind of this.#options.kinds) {
      const own = runOf(pair, kind, false), floor = runOf(pair, kind, true);
      const machine = await pair.pauses(this.#options.seconds);
      const rows = await this.#compare(own, { floor }, kind);
      onKind(
        kind,
        rows.map(({ own, others: [floor], ...row }) => ({
          who: "internode",
          transport,
          kind,
          ...row,
          own,
          floor: floor!,
          internode: null,
          machine,
        })),
      );
    }
  }

  /** One peer, with Internode over TCP and the floor at the same rates; `null` where it is missing. */
  async peer(name: PeerName): Promise<LatencyRow[] | null> {
    const { signal } = new AbortController();
    const started = await PeerPair.start(name, {
      runtime: "deno",
      launcher: this.#launcher,
      signal,
    });
    if ("missing" in started) {
      console.error(`${name} is skipped: ${started.missing}`);
      return null;
    }
    await using peer = started.pair;
    await using pair = await this.#pair("tcp");
    const kind = "small";
    const others = { floor: runOf(pair, kind, true), internode: runOf(pair, kind, false) };
    const machine = await pair.pauses(this.#options.seconds);
    const rows = await this.#compare((order) => peer.load(order), others, kind);
    return rows.map(({ own, others: [floor, internode], ...row }) => ({
      who: name,
      transport: PEERS[name],
      kind,
      ...row,
      own,
      floor: floor!,
      internode: internode!,
      machine,
    }));
  }

  #pair(transport: LatencyTransport): Promise<RpcPair> {
    return RpcPair.start(defaultRpcOptions(transport), this.#launcher);
  }

  async #compare(own: Run, others: Readonly<Record<string, Run>>, kind: LoadKind) {
    const { parts, seconds, rounds, warm, seed } = this.#options;
    const order: LoadOrder = { ...sizesOf(kind), perSecond: null, seconds, seed };
    const all = [own, ...Object.values(others)];
    for (const run of all) await run({ ...order, seconds: warm });
    const most = await own(order);
    const saturation = (most.sent - most.failed) / most.seconds;
    const rows = [];
    for (const part of parts) {
      const perSecond = saturation * part / 100;
      // What a rate runs is not all that runs without one, and is compiled first.
      for (const run of all) await run({ ...order, perSecond, seconds: Math.min(warm, 1) });
      const measured = all.map(() => new Rounds());
      for (let round = 0; round < rounds; round++) {
        for (const [index, run] of all.entries()) {
          measured[index]!.add(await run({ ...order, perSecond, seed: seed + round }));
        }
      }
      const [first, ...rest] = measured.map(({ tail }) => tail);
      rows.push({ part, perSecond, own: first!, others: rest });
    }
    return rows;
  }
}

function runOf(pair: RpcPair, kind: LoadKind, isFloor: boolean): Run {
  return (order) => pair.load({ ...order, kind, isFloor });
}

async function main(): Promise<void> {
  const options = readOptions(USAGE, parseLatencyOptions);
  const beside = { packages: "bench/peers/stands/deno.json", data: "bench/peers/stands" };
  await using launcher = await Launcher.of(["deno"], [PROCESS, ...Object.values(MODULES)], beside);
  const latency = new Latency(options, launcher);
  const show = (title: string, rows: readonly LatencyRow[]): void => {
    if (options.json) { for (const row of rows) console.log(JSON.stringify(row)); }
    else showRows(title, rows);
  };
  for (const transport of options.transports) {
    await latency.transport(transport, (kind, rows) => show(`${transport}, ${kind}`, rows));
  }
  for (const name of options.peers) {
    const rows = await latency.peer(name);
    if (rows !== null) show(`${name}, small`, rows);
  }
}

if (import.meta.main) await main();
