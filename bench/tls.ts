/**
 * Mutual TLS beside plain TCP, in turns in the same run: `deno task bench:tls
 * [--seconds 0.5] [--rounds 5] [--json]`. Each line also tells how it stands
 * to the floor of its own transport, which is `node:tls` where there is TLS.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { measureFloor, measureRoundTrips } from "./floor.ts";
import { median } from "./median.ts";
import { measure } from "./rpc_measure.ts";
import type { RpcOptions } from "./rpc_options.ts";
import { type RpcPeer, startPeer } from "./rpc_peer.ts";

const TRANSPORTS = ["tcp", "tls", "wss", "unix", "unix-mtls"] as const;
const CASES = [
  { size: 65_536, inflight: 32 },
  { size: 512, inflight: 64 },
  { size: 64, inflight: 1_024 },
  { size: 64, inflight: 1 },
] as const;

/** What was measured over one transport in one case, in each round. */
interface Samples {
  readonly perSecond: number[];
  readonly p50Us: number[];
  readonly toTcp: number[];
  readonly toFloor: number[];
  readonly floorToTcp: number[];
}

/** One line of the table; all are medians of the rounds. */
export interface TlsRow {
  /** Over what. */
  readonly transport: (typeof TRANSPORTS)[number];
  /** Payload of each message, in bytes. */
  readonly size: number;
  /** Requests in flight. */
  readonly inflight: number;
  /** Requests in each second. */
  readonly perSecond: number;
  /** The same in the slowest and in the fastest round. */
  readonly range: readonly [number, number];
  /** The middle of the times, in microseconds. */
  readonly p50Us: number;
  /** `perSecond` to that over plain TCP in the same round. */
  readonly toTcp: number;
  /** One at a time: its time to that of the transport's floor. Else: its bytes to those of the floor. */
  readonly toFloor: number;
  /** The floor of this transport to that of TCP, in the same sense. */
  readonly floorToTcp: number;
}

interface Floor {
  readonly bytesPerSecond: number;
  readonly p50Us: number;
}

/** One case over all transports, so many times. */
async function measureCase(
  peers: ReadonlyMap<RpcOptions["transport"], RpcPeer>,
  { size, inflight }: (typeof CASES)[number],
  { seconds, rounds }: { readonly seconds: number; readonly rounds: number },
): Promise<TlsRow[]> {
  const optionsFor = (transport: RpcOptions["transport"]): RpcOptions => ({
    transport,
    mode: "single",
    size,
    inflight,
    seconds,
    paired: false,
    json: false,
  });
  const samples = new Map<RpcOptions["transport"], Samples>();
  for (const [transport, peer] of peers) {
    await measure(peer, optionsFor(transport), seconds);
    samples.set(transport, { perSecond: [], p50Us: [], toTcp: [], toFloor: [], floorToTcp: [] });
  }
  for (let round = 0; round < rounds; round++) {
    let tcp: { readonly perSecond: number; readonly floor: Floor } | null = null;
    for (const [transport, peer] of peers) {
      const { perSecond, p50Us } = await measure(peer, optionsFor(transport), seconds);
      const floor: Floor = inflight === 1
        ? {
          bytesPerSecond: 0,
          p50Us: median([...await measureRoundTrips(peer.floor, size, seconds / 2)]),
        }
        : { bytesPerSecond: await measureFloor(peer.floor, seconds / 2), p50Us: 0 };
      tcp ??= { perSecond, floor };
      const all = samples.get(transport)!;
      all.perSecond.push(perSecond);
      all.p50Us.push(p50Us);
      all.toTcp.push(perSecond / tcp.perSecond);
      all.toFloor.push(
        inflight === 1 ? p50Us / floor.p50Us : perSecond * size / floor.bytesPerSecond,
      );
      all.floorToTcp.push(
        inflight === 1
          ? floor.p50Us / tcp.floor.p50Us
          : floor.bytesPerSecond / tcp.floor.bytesPerSecond,
      );
    }
  }
  return TRANSPORTS.map((transport) => {
    const all = samples.get(transport)!;
    return {
      transport,
      size,
      inflight,
      perSecond: median(all.perSecond),
      range: [Math.min(...all.perSecond), Math.max(...all.perSecond)],
      p50Us: median(all.p50Us),
      toTcp: rounded(median(all.toTcp)),
      toFloor: rounded(median(all.toFloor)),
      floorToTcp: rounded(median(all.floorToTcp)),
    };
  });
}

function rounded(ratio: number): number {
  return Math.round(ratio * 1_000) / 1_000;
}

function show({ transport, size, inflight, perSecond, range, p50Us, ...ratios }: TlsRow) {
  const one = inflight === 1;
  const count = (value: number): string => Math.round(value).toLocaleString("en");
  const times = (ratio: number): string => `${ratio.toFixed(2)} ×`;
  return {
    transport,
    size,
    inflight,
    "per second": count(perSecond),
    "range": range.map(count).join("–"),
    "p50 µs": p50Us,
    "to TCP": times(ratios.toTcp),
    "to its floor": one ? times(ratios.toFloor) : `${(100 * ratios.toFloor).toFixed(1)} %`,
    "its floor to TCP's": times(ratios.floorToTcp),
  };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "0.5" },
      rounds: { type: "string", default: "5" },
      json: { type: "boolean", default: false },
    },
  });
  const effort = { seconds: Number(values.seconds), rounds: Number(values.rounds) };
  await using stack = new AsyncDisposableStack();
  const peers = new Map<RpcOptions["transport"], RpcPeer>();
  for (const transport of TRANSPORTS) {
    const options = { transport, mode: "single", size: 64, inflight: 1, json: false } as const;
    peers.set(
      transport,
      stack.use(await startPeer({ ...options, seconds: effort.seconds, paired: false })),
    );
  }
  const rows: TlsRow[] = [];
  for (const each of CASES) rows.push(...await measureCase(peers, each, effort));
  if (values.json) console.log(JSON.stringify(rows));
  else console.table(rows.map(show));
}
