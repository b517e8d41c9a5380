import { assert } from "@std/assert";
import { type FloodRow, floodRows } from "./attacks/flood_rows.ts";
import { Flooder } from "./attacks/flooder.ts";
import { ATTACKED } from "./scene/grounds.ts";
import type { Service } from "./scene/neighbour.ts";
import { pause, Scene } from "./scene/scene.ts";

/** No call of a neighbour's takes longer meanwhile. */
const SLOWEST_MS = 250;
/** Who holds others up does so from the beginning: where nobody has waited by then, nobody will. */
const SHORT_MS = 140, SUSPICIOUS_MS = 60;
/** Longer than the bound, as whoever stops a node stops it for as long as he sends. */
const LONG_MS = 350;
const MIB = 1024 * 1024;

/** Connections over mutual TLS on Unix sockets have nothing of their own here. */
const grounds = ATTACKED.filter(({ scheme, mutualTls }) => !(scheme === "unix" && mutualTls));

for (const ground of grounds) {
  Deno.test({
    name:
      `${ground.name}: no flood of any frame delays the calls of another peer by ${SLOWEST_MS} ms`,
    ignore: ground.ignore,
  }, async () => {
    await using scene = await Scene.open(ground);
    for (const row of floodRows) {
      if (!(row.on?.(ground) ?? true)) continue;
      // A busy machine is no verdict: who really holds others up does so again.
      if (await suffer(scene, row) > SLOWEST_MS) {
        const slowestMs = await suffer(scene, row);
        assert(slowestMs <= SLOWEST_MS, `${ground.name}, ${row.name}: ${slowestMs} ms`);
      }
    }
  });
}

/** The neighbour's slowest call under a flood, in milliseconds. */
async function suffer(scene: Scene, row: FloodRow): Promise<number> {
  await scene.neighbour.ask("begin");
  const flooder = new Flooder(scene, row);
  await pause(SHORT_MS);
  if (await scene.neighbour.ask<number>("longestMs") > SUSPICIOUS_MS) {
    await pause(LONG_MS - SHORT_MS);
  }
  const { connections, bytes } = await flooder.stop();
  const { calls, failures, slowestMs } = await scene.neighbour.ask<Service>("settled");
  console.log(
    `${scene.ground.name.padEnd(5)}| ${row.name.padEnd(58)}| slowest ` +
      `${slowestMs.toFixed(1).padStart(6)} ms of ${String(calls).padStart(4)} calls | ` +
      `${(bytes / MIB).toFixed(1).padStart(6)} MiB on ${
        String(connections).padStart(4)
      } connections`,
  );
  assert(failures.length === 0, `${row.name}: ${failures[0]}`);
  assert(connections > 0 && (bytes > 0 || row.bytes(scene.ground).length === 0), row.name);
  return slowestMs;
}
