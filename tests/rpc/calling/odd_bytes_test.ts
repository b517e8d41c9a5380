/**
 * Bytes in arrays of users' own making: what their classes do must neither run
 * nor be believed while a batch is put together.
 *
 * @module
 */

import { single, stream } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { withPair } from "../../support/simulation/simulated_grid.ts";

/** A class that takes something else than a length. */
class Hash extends Uint8Array {
  constructor(digits: string) {
    if (typeof digits !== "string") throw new TypeError("a Hash is made of digits");
    super(Number(digits));
  }
}

class OfAnotherSpecies extends Uint8Array {
  static get [Symbol.species](): typeof Float64Array {
    return Float64Array;
  }
}

class WithMethods extends Uint8Array {
  override subarray(): never {
    throw new Error("not to be called");
  }
  override slice(): never {
    throw new Error("not to be called");
  }
}

/** Says that it is longer than it is, so that what lies behind it in memory would be sent. */
function boasting(bytes: Uint8Array): Uint8Array {
  return Object.defineProperty(bytes, "length", { value: bytes.length + 50 });
}

function unreadable(bytes: Uint8Array): Uint8Array {
  return Object.defineProperty(bytes, "buffer", {
    get: () => {
      throw new Error("not to be read");
    },
  });
}

const MADE: Readonly<Record<string, (count: number) => Uint8Array>> = {
  "a constructor of its own": (count) => new Hash(String(count)),
  "a species of its own": (count) => new OfAnotherSpecies(count),
  "methods of its own": (count) => new WithMethods(count),
  "too large a length": (count) => boasting(new Uint8Array(count)),
  "a class and too large a length": (count) => boasting(new OfAnotherSpecies(count)),
  "a buffer that throws": (count) => unreadable(new Uint8Array(count)),
};

const size = single("size", { request: t.raw(), response: t.uint() });
const inCodec = single("inCodec", { request: t.bytes(), response: t.uint() });
const made = single("made", { request: t.uint(), response: t.raw() });
const flow = stream("flow", { inputCapacity: 4, outputCapacity: 4 });
const NONE = new Uint8Array(0);

for (const kind of ["bytes", "messages"] as const) {
  for (const [what, make] of Object.entries(MADE)) {
    Deno.test(`${kind}: bytes of an array with ${what} arrive as they are, and harm no other call`, () =>
      withPair({
        channels: kind,
        serve: (manager) => {
          manager.handle(size, ({ length }) => length);
          manager.handle(inCodec, ({ length }) => length);
          manager.handle(made, (count) => make(count));
          manager.handle(flow, async function* (_, input) {
            for await (const { length } of input) yield make(length);
          });
        },
      }, async (grid) => {
        const to = grid.node(0).connection(grid.hosts[1]!);
        for (const count of [10, 20_000, 1_000_000]) {
          const call = to.stream(flow, NONE);
          const outputs = Array.fromAsync(call);
          const answers = [
            to.request(size, make(count)),
            to.request(inCodec, make(count)),
            to.request(made, count).then(({ length }) => length),
            call.send(make(count)).then(() => call.end()).then(() => outputs)
              .then(([output]) => output!.length),
            to.request(size, new Uint8Array(7)),
          ];
          assertEquals(await Promise.all(answers), [count, count, count, count, 7]);
        }
        assertEquals(to.stats().reconnects, 0);
      }));
  }

  Deno.test(`${kind}: what only looks like bytes is refused, and harms no other call`, () =>
    withPair({
      channels: kind,
      serve: (manager) => manager.handle(size, ({ length }) => length),
    }, async (grid) => {
      const to = grid.node(0).connection(grid.hosts[1]!);
      const revocable = Proxy.revocable(new Uint8Array(9), {});
      revocable.revoke();
      for (const odd of [new Proxy(new Uint8Array(9), {}), revocable.proxy]) {
        const error = await assertRejects(() => to.request(size, odd), Error, "Uint8Array");
        assertEquals((error as { code?: string }).code, "InvalidPayload");
      }
      assertEquals(await to.request(size, new Uint8Array(7)), 7);
    }));
}

Deno.test("a lent request is taken back as it was lent, whatever its handler has made of it", () =>
  withPair({
    serve: (manager) => {
      manager.handle(size, ({ length }) => length);
      manager.handle(single("lent"), unreadable, { lendRequest: true });
    },
  }, async (grid) => {
    const to = grid.node(0).connection(grid.hosts[1]!);
    for (const count of [10, 20_000, 1_000_000]) {
      const response = await to.request(single("lent"), new Uint8Array(count).fill(7));
      assertEquals([response.length, response.at(-1)], [count, 7]);
      assertEquals(await to.request(size, new Uint8Array(7)), 7);
    }
    assertEquals(to.stats().reconnects, 0);
  }));

Deno.test("dynamic values refuse bytes that tell a length which is not theirs", () => {
  const bytes = boasting(new Uint8Array(3));
  assertThrows(() => t.toBytes(t.dynamic(), { bytes }), Error, "length is not redefined");
});
