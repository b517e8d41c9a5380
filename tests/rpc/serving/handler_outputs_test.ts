import { assertEquals } from "@std/assert";
import { AsyncLocalStorage } from "node:async_hooks";
import { leaveOutputs, outputsOf } from "../../../lib/rpc/serving/handler_outputs.ts";

const where = new AsyncLocalStorage<string>();

Deno.test("a generator's return runs in the context of its steps, whether it is running or not", async () => {
  for (const atWork of [true, false]) {
    const steps: string[] = [], gate = Promise.withResolvers<void>();
    const note = (step: string): void => void steps.push(`${step} in ${where.getStore()}`);
    const outputs = outputsOf(async function* () {
      try {
        await null;
        note("first");
        yield 1;
        await gate.promise;
        note("second");
        yield 2;
      } finally {
        note("end");
        await null;
        note("last");
      }
    }())!;
    await where.run("span", () => outputs.next());
    const next = atWork ? where.run("span", () => outputs.next()) : null;
    const left = where.run("span", () => leaveOutputs(outputs, undefined));
    gate.resolve();
    await next;
    await left;
    const second = atWork ? ["second in span"] : [];
    assertEquals(steps, ["first in span", ...second, "end in span", "last in span"]);
  }
});

Deno.test("return of a generator that has not begun, has thrown or has ended does no harm", async () => {
  const failing = outputsOf(async function* () {
    yield await Promise.reject(new Error("at work"));
  }())!;
  const failed = (failing.next() as Promise<unknown>).then(() => "gave", () => "threw");
  await leaveOutputs(failing, undefined);
  assertEquals(await failed, "threw");

  const fresh = outputsOf(async function* () {
    yield await Promise.reject(new Error("never runs"));
  }())!;
  await leaveOutputs(fresh, undefined);
  assertEquals(await fresh.next(), { done: true, value: undefined });

  const done = outputsOf(async function* () {}())!;
  await done.next();
  await leaveOutputs(done, undefined);
});

Deno.test("return of a custom iterator is called at once, even while its next is awaited", () => {
  for (const kind of ["generator", "object"]) {
    let told = 0;
    const never = (): Promise<IteratorResult<unknown>> => new Promise(() => {});
    const ends = (): Promise<IteratorResult<unknown>> => {
      told++;
      return Promise.resolve({ done: true, value: undefined });
    };
    const iterator = kind === "object"
      ? { next: never, return: ends, [Symbol.asyncIterator]: () => iterator }
      : Object.assign(
        async function* () {
          yield await never();
        }(),
        { return: ends },
      );
    const outputs = outputsOf(iterator)!;
    outputs.next();
    leaveOutputs(outputs, undefined);
    assertEquals(told, 1, kind);
  }
});
