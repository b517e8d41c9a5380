import { assertEquals } from "@std/assert";
import { guard } from "../../lib/foreign/guard.ts";
import { follow, thenOf } from "../../lib/foreign/thenable.ts";

/** What comes of following a value: a text for each time it settles. */
async function outcome(value: unknown): Promise<string> {
  const then = thenOf(value);
  if (then === null) return "plain";
  const told: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const tell = (text: string): void => {
    told.push(text);
    resolve();
  };
  follow(value, then, (got) => tell(`value ${got}`), (thrown) => tell(`thrown ${thrown}`));
  await promise;
  // Whatever calls back once more has had its turn by then.
  for (let i = 0; i < 10; i++) await Promise.resolve();
  return told.join(", ");
}

type Settle = (value: unknown) => void;

Deno.test("thenOf: plain values are no promises", async () => {
  for (const value of [null, undefined, 5, "then", {}, { then: 5 }, () => 5]) {
    assertEquals(await outcome(value), "plain");
  }
});

Deno.test("follow: promises of any make settle once, as what they settle with first", async () => {
  const cases: readonly (readonly [value: unknown, wanted: string])[] = [
    [Promise.resolve(1), "value 1"],
    [Promise.reject("no"), "thrown no"],
    [{ then: (ok: Settle) => ok(1) }, "value 1"],
    [{ then: (ok: Settle) => (ok(1), ok(2)) }, "value 1"],
    [{ then: (ok: Settle, no: Settle) => (no(1), ok(2)) }, "thrown 1"],
    [{ then: (ok: Settle) => ok(Promise.resolve(3)) }, "value 3"],
    [Object.assign(() => {}, { then: (ok: Settle) => ok(4) }), "value 4"],
  ];
  for (const [value, wanted] of cases) assertEquals(await outcome(value), wanted);
});

Deno.test("follow: a then that throws, in its getter too, is a rejection, unless it had settled", async () => {
  const getter = {
    get then(): never {
      throw new Error("in the getter");
    },
  };
  assertEquals(await outcome(getter), "thrown Error: in the getter");
  const method = {
    then(): never {
      throw new Error("in the method");
    },
  };
  assertEquals(await outcome(method), "thrown Error: in the method");
  const late = {
    then(ok: Settle): never {
      ok(1);
      throw new Error("too late");
    },
  };
  assertEquals(await outcome(late), "value 1");
});

Deno.test("follow: what only looks like a promise of the platform is a rejection", async () => {
  const fake = Object.create(Promise.prototype);
  assertEquals((await outcome(fake)).startsWith("thrown TypeError"), true);
  class Odd extends Promise<number> {
    static override get [Symbol.species](): PromiseConstructor {
      throw new Error("no species");
    }
  }
  assertEquals(await outcome(Odd.resolve(1)), "thrown Error: no species");
});

Deno.test("guard: what is thrown goes to the fallback, whose result counts", () => {
  assertEquals(guard(() => 1, () => 2), 1);
  assertEquals(
    guard(() => {
      throw new Error("x");
    }, (thrown) => (thrown as Error).message),
    "x",
  );
});
