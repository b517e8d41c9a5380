/**
 * Measures round trips.
 *
 * @module
 */

import type { AdminClient } from "../../admin/admin_client.ts";
import { MAX_PING_BYTES } from "../../admin/steering_contract.ts";
import { pause } from "../../runtime/pause.ts";
import { type Command, command } from "../arguments/command.ts";
import { duration, whole } from "../arguments/option.ts";
import { askAll } from "../asking/ask_all.ts";
import { timeText } from "../output/figures.ts";
import type { Column } from "../output/table.ts";
import type { World } from "../world/world.ts";
import { HOST_OPTIONS, HOSTS, PEERS_OPTION, showAnswers, withTools } from "./host_command.ts";

/** The round trips of one host, in milliseconds. */
interface Trips {
  /** How many there were. */
  readonly count: number;
  readonly leastMs: number;
  readonly meanMs: number;
  readonly mostMs: number;
  /** How far the host's wall clock is ahead. */
  readonly clockSkewMs: number;
}

type Row = Trips & { readonly host: string };

const COLUMNS: readonly Column<Row>[] = [
  { title: "HOST", of: ({ host }) => host, mayBeCut: true },
  { title: "PINGS", of: ({ count }) => String(count), isNumber: true },
  { title: "LEAST", of: ({ leastMs }) => timeText(leastMs), isNumber: true },
  { title: "MEAN", of: ({ meanMs }) => timeText(meanMs), isNumber: true },
  { title: "MOST", of: ({ mostMs }) => timeText(mostMs), isNumber: true },
  { title: "CLOCK", of: ({ clockSkewMs }) => timeText(clockSkewMs), isNumber: true },
];

/** `internode ping`. */
export const pingCommand: Command = command({
  name: "ping",
  about: "Measures how long hosts take to answer, and how far their clocks are ahead.",
  operands: [HOSTS],
  options: {
    count: whole("how many pings", { from: 1, to: 10_000, fallback: 5 }),
    every: duration("the time between two of them", "100ms"),
    bytes: whole("how many bytes go there and back", { from: 0, to: MAX_PING_BYTES, fallback: 0 }),
    ...PEERS_OPTION,
    ...HOST_OPTIONS,
  },
  examples: [
    { line: "ping --context prod", about: "All hosts of a context" },
    { line: "ping tcp://10.0.0.1:9000 --count 20 --bytes 65536", about: "A longer look at one" },
  ],
  async run({ operands, options }, world) {
    const { count, every, bytes } = options;
    const answers = await withTools(operands, options, world, ({ hosts, tools }) => {
      const limitMs = 2 * tools.timeoutMs + count * every;
      return askAll(
        hosts,
        tools,
        world,
        (client) => measure(client, count, every, bytes, world),
        limitMs,
      );
    });
    return await showAnswers(answers, COLUMNS, options.json, world);
  },
});

async function measure(
  client: AdminClient,
  count: number,
  everyMs: number,
  bytes: number,
  { clock, signal }: World,
): Promise<Trips> {
  // The first one also connects.
  await client.ping(0);
  const times: number[] = [];
  let clockSkewMs = NaN, leastMs = Infinity;
  for (let at = 0; at < count && !signal.aborted; at++) {
    if (at > 0) await pause(clock, everyMs, signal);
    const { roundTripMs, timeMs } = await client.ping(bytes);
    times.push(roundTripMs);
    if (roundTripMs >= leastMs) continue;
    leastMs = roundTripMs;
    clockSkewMs = timeMs - (clock.wallNow() - roundTripMs / 2);
  }
  return {
    count: times.length,
    leastMs,
    meanMs: times.reduce((sum, each) => sum + each, 0) / times.length,
    mostMs: Math.max(...times),
    clockSkewMs,
  };
}
