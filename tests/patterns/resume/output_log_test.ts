/** Logs of the last outputs. */

import { InternodeError } from "@internode/grid";
import { GapError, outputLog, type OutputLogOptions } from "@internode/grid/patterns";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";

const counting = (count: number): string[] =>
  Array.from({ length: count }, (_, at) => String(at + 1));

Deno.test("a reader goes on behind its position, and then with what is appended", async () => {
  const log = outputLog<string>(), start = log.position;
  const positions = counting(5).map((value) => log.append(value));
  assertEquals([log.length, log.position], [5, positions[4]]);
  const all = log.read(start), rest = log.read(positions[2]), live = log.read(log.position);
  const waiting = live.next();
  log.append("6");
  assertEquals((await waiting).value?.value, "6");
  log.close();
  const valuesOf = async (reader: AsyncIterable<{ value: string }>): Promise<string[]> =>
    (await Array.fromAsync(reader)).map(({ value }) => value);
  assertEquals(await valuesOf(all), counting(6));
  assertEquals(await valuesOf(rest), ["4", "5", "6"]);
  assertEquals(await live.next(), { done: true, value: undefined });
  assertEquals(log.readers, 0);
  assertThrows(() => log.append("7"), InternodeError, "is closed");
});

Deno.test("it keeps so many outputs, or so many bytes, and says where it begins", async () => {
  const items = outputLog<string>({ maxItems: 3 });
  const positions = counting(200).map((value) => items.append(value));
  assertEquals(items.length, 3);
  assertThrows(() => items.read(positions[195]), GapError, "is too old");
  assertEquals((await items.read(positions[196]).next()).value?.value, "198");
  assertEquals((await items.read().next()).value?.value, "198");

  const bytes = outputLog<Uint8Array>({ maxBytes: 100 });
  for (const size of [40, 40, 20, 10]) bytes.append(new Uint8Array(size));
  assertEquals([bytes.length, bytes.bytes], [3, 70]);
  assertThrows(() => bytes.append(new Uint8Array(101)), InternodeError, "larger than maxBytes");
  assertEquals([bytes.length, bytes.bytes], [3, 70]);
  bytes.append(new Uint8Array(100));
  assertEquals([bytes.length, bytes.bytes], [1, 100]);

  const texts = outputLog<string>({ maxBytes: 4, size: (text) => text.length });
  texts.append("abc");
  texts.append("de");
  assertEquals([texts.length, texts.bytes], [1, 2]);
});

Deno.test("a reader that falls behind gets a GapError, and holds nothing up", async () => {
  const log = outputLog<string>({ maxItems: 2 }), reader = log.read();
  log.append("1");
  assertEquals((await reader.next()).value?.value, "1");
  for (const value of ["2", "3", "4"]) log.append(value);
  const error = await assertRejects(() => reader.next(), GapError, "is too old");
  assertEquals(error.after, `${log.id}:1`);
  await assertRejects(() => reader.next(), GapError);
  assertEquals(log.readers, 0);
});

Deno.test("another log of no name is a gap; one of the same name goes on, or is waited for", async () => {
  const first = outputLog<string>(), position = first.append("1");
  assertThrows(() => outputLog<string>().read(position), GapError, "of another log");
  assertThrows(() => first.read(`${first.id}:7`), GapError, "behind the end");
  const replica = outputLog<string>({ id: "orders", first: 41 });
  assertThrows(() => replica.read("orders:39"), GapError, "is too old");
  const behind = replica.read("orders:41"), next = behind.next();
  replica.append("41");
  replica.append("42");
  assertEquals((await next).value, { position: "orders:42", value: "42" });
  for (const odd of ["", "orders", "orders:", ":4", "orders:x", "orders:1.5", "orders:-1"]) {
    if (odd === "orders:") continue; // 0, which is before the first
    const { code } = assertThrows(() => replica.read(odd), InternodeError);
    assertEquals(code, "InvalidArgument", odd);
  }
  assertThrows(() => replica.read(5 as unknown as string), InternodeError, "must be a string");
});

Deno.test("readers end by leaving and by their signal, also while they wait", async () => {
  const log = outputLog<string>(), reason = new Error("enough");
  const controller = new AbortController(), { signal } = controller;
  const left = log.read(), aborted = log.read(undefined, { signal });
  const nextOfLeft = left.next(), nextOfAborted = aborted.next();
  await assertRejects(() => left.next(), InternodeError, "one output at a time");
  assertEquals(log.readers, 2);
  await left.return!();
  controller.abort(reason);
  assertEquals(await nextOfLeft, { done: true, value: undefined });
  assertEquals(await nextOfAborted.catch((error) => error), reason);
  assertEquals(log.readers, 0);
  const late = log.read(undefined, { signal });
  assertEquals(await late.next().catch((error) => error), reason);
  assertEquals(log.readers, 0);
});

Deno.test("a log of many outputs takes no more memory than what it keeps", () => {
  const log = outputLog<number>({ maxItems: 10 });
  for (let at = 0; at < 100_000; at++) log.append(at);
  assertEquals(log.length, 10);
  assert(log.position.endsWith(":100000"));
});

Deno.test("options of a log that make no sense are refused", () => {
  const odd: readonly Record<string, unknown>[] = [
    { maxItems: 0 },
    { maxItems: 1.5 },
    { maxBytes: "1" },
    { size: 1 },
    { id: "" },
    { id: 5 },
    { id: "x".repeat(129) },
    { first: 0 },
    { random: {} },
  ];
  for (const wrong of odd) {
    const make = () => outputLog(wrong as OutputLogOptions<string>);
    assertEquals(assertThrows(make, InternodeError).code, "InvalidArgument", Deno.inspect(wrong));
  }
  const sizes = outputLog<string>({ maxBytes: 10, size: (text) => text === "" ? NaN : 1 });
  assertThrows(() => sizes.append(""), InternodeError, "must give a number of bytes");
  const unknown = outputLog<string>({ maxBytes: 10 });
  assertThrows(() => unknown.append("a"), InternodeError, "needs option size");
});
