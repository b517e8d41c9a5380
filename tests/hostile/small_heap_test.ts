/**
 * One peer, with default limits, against a node of 512 MiB.
 *
 * @module
 */

import { InternodeError, Manager, single, stream } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { assert, assertEquals } from "@std/assert";
import { dials } from "../../lib/grid/dialler.ts";
import { type Shape, SHAPES } from "../support/memory_shapes.ts";
import { freePorts } from "../../tools/network/free_ports.ts";
import { QuietLogger } from "../support/log/quiet.ts";
import { commandHere } from "../../tools/processes/command_here.ts";
import { NET, PROGRAMS, RUNTIME } from "../support/permitted.ts";
import { CAPACITY, echo, HEAP_MIB, heldName, unreadName } from "./small_heap.ts";

/** As many calls at once as would take more than there is. */
const CALLS = 24;
const MIB = 1024 * 1024;
/** What each is said to take, so that some fit. */
const EACH_BYTES = 24 * MIB;

/** Those of which a megabyte takes most. */
const WORST = [
  "empty maps",
  "full records",
  "bytes",
  "dynamic objects with holes",
];

/** The items of a shape's message again and again. */
function large({ codec, bytes }: Shape): Uint8Array<ArrayBuffer> {
  const reader = new t.ByteReader();
  reader.reset(bytes, 0, bytes.length);
  codec.decode(reader);
  const items = bytes.subarray(5), count = new DataView(bytes.buffer).getUint32(1);
  const times = Math.floor(EACH_BYTES / reader.decodedBytes);
  const message = new Uint8Array(5 + times * items.length);
  message[0] = 0xdd;
  new DataView(message.buffer).setUint32(1, times * count);
  for (let i = 0; i < times; i++) message.set(items, 5 + i * items.length);
  return message;
}

Deno.test({
  name: "no peer can end a process of 512 MiB by what its messages decode to",
  // Bun can be told no such size.
  ignore: !NET || !PROGRAMS || RUNTIME === "bun",
}, async (test) => {
  const hosts = freePorts(2).map((port) => `tcp://127.0.0.1:${port}`);
  // Who dials is the peer.
  if (!dials(hosts[1]!, hosts[0]!)) hosts.reverse();
  const [program, ...args] = commandHere(new URL("./small_heap.ts", import.meta.url), {
    engine: [`--max-old-space-size=${HEAP_MIB}`],
  });
  const child = new Deno.Command(program, {
    args: [...args, JSON.stringify(hosts)],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  assertEquals((await output.read()).value?.trim(), "ready");
  {
    const limits = { sendBudgetBytes: 0x7fff_ffff };
    const logger = new QuietLogger();
    await using peer = new Manager({ local: hosts[1]!, hosts, limits, logger });
    peer.connect();
    await peer.waitForConnect();
    const to = peer.connection(hosts[0]!);
    /** Large messages take turns, so one twice as large comes behind all of them; there may be no room for it. */
    const marker = (message: Uint8Array): Promise<unknown> =>
      to.request(echo, new Uint8Array(2 * message.length + MIB), { timeoutMs: 60_000 })
        .catch(() => {});
    for (const shape of SHAPES.filter(({ name }) => WORST.includes(name))) {
      const message = large(shape);
      await test.step(`calls with ${shape.name} that are held`, async () => {
        const codes: Record<string, number> = {};
        const abort = new AbortController(), { signal } = abort;
        const contract = single(heldName(shape.name), { response: t.uint() });
        const calls = Array.from(
          { length: CALLS },
          () =>
            to.request(contract, message, { signal, timeoutMs: 60_000 }).catch((error) => {
              const code = error instanceof InternodeError
                ? `${error.code} ${error.outcome}`
                : "held";
              codes[code] = (codes[code] ?? 0) + 1;
            }),
        );
        await marker(message);
        abort.abort(new Error("enough"));
        await Promise.all(calls);
        assertEquals(await to.request(echo, Uint8Array.of(2)), Uint8Array.of(2));
        const { held = 0, "Overloaded notExecuted": refused = 0 } = codes;
        assert(held > 0 && refused > 0 && held + refused === CALLS, JSON.stringify(codes));
      });
      await test.step(`streams of ${shape.name} that nobody reads`, async () => {
        const contract = stream(unreadName(shape.name), {
          inputCapacity: CAPACITY,
          outputCapacity: 0,
        });
        const codes: Record<string, number> = {};
        const streams = Array.from({ length: CALLS }, () => {
          const opened = to.stream(contract, new Uint8Array(0), { timeoutMs: 60_000 });
          opened.finished.catch(({ code }) => codes[code] = (codes[code] ?? 0) + 1);
          return opened;
        });
        await Promise.all(streams.map((opened) => opened.send(message)));
        await marker(message);
        for (const opened of streams) opened.cancel(new Error("enough"));
        assertEquals(await to.request(echo, Uint8Array.of(4)), Uint8Array.of(4));
        const { Overloaded: refused = 0 } = codes;
        assert(refused > 0 && refused < CALLS, JSON.stringify(codes));
      });
    }
  }
  await child.stdin.close();
  const [{ success }] = await Promise.all([child.status, output.cancel()]);
  assert(success);
});
