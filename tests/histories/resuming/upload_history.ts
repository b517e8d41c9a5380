/**
 * A history of a node that uploads inputs to a store, which other nodes write to.
 *
 * What must hold, whatever is lost, frozen, parted or started anew: what was
 * acknowledged is in the store; the store has each input once and in order, as
 * its handlers drop what came before; in the end it has all.
 *
 * @module
 */

import { InternodeError, type Manager, stream } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { resumeUpload, type UploadStream } from "@internode/grid/patterns";
import { SeededRandom, type SimulatedCluster } from "@internode/grid/testing";
import type { Clock } from "../../../lib/runtime/clock.ts";
import { simulatedGrid } from "../../support/simulation/simulated_grid.ts";
import { pause } from "../../support/pause.ts";
import { PATIENCE_MS } from "../history.ts";
import { changeHosts, trouble } from "../hosts_trouble.ts";

/** A fault put in on purpose, which the checker must find. */
export type UploadFault = "none" | "acknowledges early" | "loses the first of an attempt";

const upload = stream("upload", {
  initial: t.nothing(),
  input: t.uint(),
  inputCapacity: 4,
  output: t.uint(),
  outputCapacity: 4,
});
const WINDOW_MS = 4_000;
const INPUTS = 60;

/** What outlives all processes. */
class Store {
  readonly faults: string[] = [];
  /** What the store has: 1 to this. */
  last = 0;
  /** What the uploader has seen acknowledged, in all its lives. */
  acknowledged = 0;
  /** Whether the uploader has seen its end. */
  done = false;

  commit(inputs: readonly number[]): void {
    for (const input of inputs) {
      if (input > this.last + 1) this.faults.push(`${input} was stored behind ${this.last}`);
      this.last = Math.max(this.last, input);
    }
  }

  onAcknowledged(position: number): void {
    this.acknowledged = Math.max(this.acknowledged, position);
    if (position > this.last) this.faults.push(`${position} was acknowledged, ${this.last} stored`);
  }
}

/** Plays one history, and gives its digest. Rejects with what must not have happened. */
export async function playUpload(seed: number, fault: UploadFault = "none"): Promise<string> {
  const random = new SeededRandom(seed), nodes = random.int(2, 4), store = new Store();
  const grid: SimulatedCluster<Manager> = simulatedGrid({
    nodes,
    seed,
    channels: random.pick(["bytes", "messages"]),
    serve: (manager, { index, clock, hosts }) => {
      if (index === 0) {
        return void run(store, random, clock, fault, () => {
          return manager.connection(hosts[random.int(1, nodes - 1)]!).stream(upload, undefined);
        });
      }
      manager.handle(upload, async function* (_, inputs) {
        let kept: number[] = [], next = inputs.next();
        for (let ended = false; !ended;) {
          const late = kept.length === 0 ? null : pause(clock, 30).then(() => null);
          const result = await (late === null ? next : Promise.race([next, late]));
          if (result !== null && result.done !== true) {
            kept.push(result.value);
            next = inputs.next();
            if (kept.length < 5) continue;
          }
          ended = result?.done === true;
          const last = kept.at(-1);
          if (last === undefined) continue;
          if (fault === "acknowledges early") yield last;
          await pause(clock, random.float(0, 60));
          store.commit(kept);
          kept = [];
          yield last;
        }
      });
    },
  });
  await grid.run(async () => {
    const { clock } = grid;
    await grid.start();
    const troubles = Array.from(
      { length: random.int(1, 6) },
      () => trouble(grid, random, WINDOW_MS, () => {}),
    );
    if (random.chance(0.4)) changeHosts(grid, random, WINDOW_MS);
    await clock.advance(WINDOW_MS);
    await Promise.all(troubles);
    grid.heal();
    const isDone = (): boolean => store.done || store.faults.length > 0;
    await clock.runUntil(isDone, PATIENCE_MS, "the upload to end");
    if (store.faults.length > 0) throw new Error(store.faults.join("\n"));
    if (store.last !== INPUTS) throw new Error(`the store has ${store.last} of ${INPUTS}`);
    await clock.advance(1_000);
  });
  await grid.close();
  return grid.history.digest;
}

/** One life of the uploader: it goes on behind what it has seen acknowledged. */
async function run(
  store: Store,
  random: SeededRandom,
  clock: Clock,
  fault: UploadFault,
  open: () => UploadStream<number, number>,
): Promise<void> {
  while (!store.done) {
    const call = resumeUpload<number, number, number>(
      (_, { attempt }) => {
        const opened = open();
        return fault === "loses the first of an attempt" && attempt > 1 ? losing(opened) : opened;
      },
      {
        position: (input) => input,
        acknowledged: (position) => {
          store.onAcknowledged(position);
          return position;
        },
        maxPending: random.pick([1, 3, 1_000]),
        maxGapMs: random.pick([300, 100_000]),
        clock,
        random,
      },
    );
    try {
      for (let input = store.acknowledged + 1; input <= INPUTS; input++) {
        await call.send(input);
        if (random.chance(0.3)) await call.flush();
        else await pause(clock, random.float(0, 60));
      }
      await call.end();
      store.done = true;
    } catch (error) {
      if (error instanceof InternodeError && error.message.includes("within")) continue;
      return void store.faults.push(`it ended with a strange error: ${error}`);
    }
  }
}

function losing(stream: UploadStream<number, number>): UploadStream<number, number> {
  let isFirst = true;
  return {
    send: (input) => {
      if (!isFirst) return stream.send(input);
      isFirst = false;
      return Promise.resolve();
    },
    end: () => stream.end(),
    cancel: (reason) => stream.cancel(reason),
    [Symbol.asyncIterator]: () => stream[Symbol.asyncIterator](),
  };
}
