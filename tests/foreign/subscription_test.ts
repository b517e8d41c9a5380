import { assertEquals } from "@std/assert";
import { subscribe } from "../../lib/foreign/subscription.ts";

Deno.test("subscribe: what is returned ends it, once", () => {
  let ended = 0;
  const end = subscribe(() => () => ended++, () => {});
  end();
  end();
  assertEquals(ended, 1);
});

Deno.test("subscribe: neither beginning nor ending throws, whatever the source does", async () => {
  const thrown: string[] = [];
  const onThrown = (error: unknown): void => void thrown.push((error as Error).message);
  const fail = (what: string) => (): never => {
    throw new Error(what);
  };
  subscribe(fail("begin"), onThrown)();
  subscribe(() => fail("end"), onThrown)();
  subscribe(() => Promise.reject(new Error("later")), onThrown)();
  subscribe(() => 5, onThrown)();
  subscribe(() => undefined, onThrown)();
  await Promise.resolve();
  assertEquals(thrown, ["begin", "end", "later"]);
});
