/**
 * The lock arguments through the codec, in many processes, as what V8 makes of
 * the same code differs from one process to the next: `deno task bench:codec`.
 * In each process the least of many rounds, of these the middle.
 *
 * @module
 */

import { CommandLine, flag, readLine } from "../../tools/command_line/command_line.ts";
import * as t from "../../lib/codec/mod.ts";
import { type Freshness, lockArgsCodec, makeLockArgs } from "../support/lock_args.ts";

const PROCESSES = 7;
const ROUNDS = 60;
const VALUES_PER_ROUND = 20_000;
/** A round in which each string is met for the first time; many more would not fit a cache. */
const NEW_VALUES = 400;
const SETS = 64;
const SLOT_BYTES = 256;

/** The least time of each measurement, in nanoseconds. */
type Least = Record<string, number>;

function measure(): Least {
  useOtherContracts();
  const least: Least = {};
  for (const freshness of ["usual", "all fresh", "all the same"] as const) {
    least[`encode, ${freshness}`] = encode(freshness);
    least[`decode, ${freshness}`] = decode(freshness);
  }
  least["encode, all fresh and each string new"] = encodeNew();
  const values = makeLockArgs(SETS, "usual"), texts = values.map((value) => JSON.stringify(value));
  least["JSON.stringify"] = leastOf(ROUNDS, VALUES_PER_ROUND, () => (i) => {
    JSON.stringify(values[i & (SETS - 1)]);
  });
  least["JSON.parse"] = leastOf(ROUNDS, VALUES_PER_ROUND, () => (i) => {
    JSON.parse(texts[i & (SETS - 1)]!);
  });
  return least;
}

/** Gives the codecs' shared functions other contracts to see, as in a real program. */
function useOtherContracts(): void {
  const Counts = t.record({ a: t.list(t.record({ b: t.uint() })), c: t.map(t.list(t.float())) });
  const value = { a: [{ b: 1 }], c: new Map([["a", [0.5]]]) };
  for (let i = 0; i < 5_000; i++) t.fromBytes(Counts, t.toBytes(Counts, value));
}

function encode(freshness: Freshness): number {
  const codec = lockArgsCodec(), values = makeLockArgs(SETS, freshness);
  const writer = new t.ByteWriter(4_096);
  return leastOf(ROUNDS, VALUES_PER_ROUND, () => (i) => {
    writer.position = 0;
    codec.encode(values[i & (SETS - 1)]!, writer);
  });
}

/** Each string is written once, and was not looked at before. */
function encodeNew(): number {
  const codec = lockArgsCodec();
  const writer = new t.ByteWriter(4_096);
  return leastOf(ROUNDS * 4, NEW_VALUES, () => {
    const values = makeLockArgs(NEW_VALUES, "all fresh");
    return (i) => {
      writer.position = 0;
      codec.encode(values[i]!, writer);
    };
  });
}

/** All messages lie in one buffer, as a connection's receive ring holds them. */
function decode(freshness: Freshness): number {
  const codec = lockArgsCodec(), reader = new t.ByteReader();
  const bytes = new Uint8Array(SETS * SLOT_BYTES), view = new DataView(bytes.buffer);
  const ends = makeLockArgs(SETS, freshness).map((value, i) => {
    const message = t.toBytes(codec, value);
    bytes.set(message, i * SLOT_BYTES);
    return i * SLOT_BYTES + message.length;
  });
  return leastOf(ROUNDS, VALUES_PER_ROUND, () => (i) => {
    const slot = i & (SETS - 1);
    reader.reset(bytes, slot * SLOT_BYTES, ends[slot]!, view);
    codec.decode(reader);
  });
}

function leastOf(rounds: number, count: number, prepare: () => (i: number) => void): number {
  let least = Infinity;
  for (let round = 0; round < rounds; round++) {
    const run = prepare();
    const startMs = performance.now();
    for (let i = 0; i < count; i++) run(i);
    least = Math.min(least, (performance.now() - startMs) * 1e6 / count);
  }
  return least;
}

async function measureInOtherProcess(): Promise<Least> {
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", new URL(import.meta.url).href, "--one"],
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("a process of the bench has failed");
  return JSON.parse(new TextDecoder().decode(stdout)) as Least;
}

const { one } = readLine(
  new CommandLine(
    "deno task bench:codec",
    `Measures typed values to bytes and back, in ${PROCESSES} processes.`,
    { one: flag("measure in this process alone, and print one line of JSON") },
  ),
);
if (one) console.log(JSON.stringify(measure()));
else {
  const runs: Least[] = [];
  for (let i = 0; i < PROCESSES; i++) runs.push(await measureInOtherProcess());
  console.log(`ns, the middle of ${PROCESSES} processes (their range)`);
  for (const name of Object.keys(runs[0]!)) {
    const sorted = runs.map((run) => Math.round(run[name]!)).sort((a, b) => a - b);
    console.log(
      `${name.padEnd(40)} ${sorted[PROCESSES >> 1]} (${sorted[0]}–${sorted[PROCESSES - 1]})`,
    );
  }
}
