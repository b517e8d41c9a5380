/** What both sides serve and call; `peer/scenario.py` has the same. */

import { type HandlerContext, HandlerError } from "@internode/grid";
import * as call from "@internode/grid/call";
import * as t from "@internode/grid/codec";

export const Interop = call.service("interop", {
  echo: call.method(),
  greet: call.method({
    request: t.record({ name: t.string(), title: t.optional(t.string()) }),
    response: t.record({ text: t.string(), length: t.uint() }),
  }),
  find: call.method({ request: t.nullable(t.string()), response: t.nullable(t.string()) }),
  touch: call.method({ request: t.nothing(), response: t.nothing() }),
  about: call.method({ request: t.nothing(), response: t.map(t.string()) }),
  tell: call.method({ request: t.string(), response: t.string() }),
  fail: call.method({
    request: t.string(),
    response: t.nothing(),
    detail: t.record({ missing: t.uint() }),
  }),
  wait: call.method({ request: t.nothing(), response: t.nothing() }),
  totals: call.methodStream({
    initial: t.int(),
    input: t.int(),
    output: t.int(),
    inputCapacity: 5,
    outputCapacity: 3,
  }),
  count: call.methodStream({
    initial: t.uint(),
    output: t.uint(),
    inputCapacity: 0,
    outputCapacity: 9,
  }),
  collect: call.methodStream({ initial: t.uint(), inputCapacity: 2, outputCapacity: 0 }),
});

/** Serves all of it. */
export class InteropServer {
  /** How many calls of `wait` were served, and how many of them were cancelled. */
  readonly waits = { begun: 0, cancelled: 0 };

  echo = (bytes: Uint8Array): Uint8Array => bytes;
  greet = ({ name }: { name: string }): { text: string; length: number } => ({
    text: `Hello ${name}`,
    length: name.length,
  });
  find = (text: string | null): string | null => text?.toUpperCase() ?? null;
  touch = (): void => {};
  about = (_: void, { metadata, priority }: HandlerContext) =>
    new Map(Object.entries({ ...metadata, ...priority === "normal" ? {} : { priority } }));
  tell = (text: string, context: HandlerContext): string => {
    context.setHeaders({ text });
    context.setTrailers({ größe: "✓" });
    return text;
  };
  fail = (text: string, context: HandlerContext): void => {
    context.setTrailers({ failed: text });
    throw new HandlerError(text, { missing: 3 });
  };
  wait = (_: void, { signal }: { signal: AbortSignal }): Promise<void> =>
    new Promise((_resolve, reject) => {
      this.waits.begun++;
      signal.addEventListener("abort", () => {
        this.waits.cancelled++;
        reject(signal.reason);
      });
    });
  totals = async function* (start: number, inputs: AsyncIterable<number>): AsyncGenerator<number> {
    let total = start;
    for await (const value of inputs) yield total += value;
  };
  count = function* (limit: number, _: unknown, context: HandlerContext): Generator<number> {
    context.setHeaders({ limit: `${limit}` });
    for (let value = 0; value < limit; value++) yield value;
    context.setTrailers({ counted: `${limit}` });
  };
  collect = async (
    expected: number,
    inputs: AsyncIterable<Uint8Array>,
    context: HandlerContext,
  ): Promise<void> => {
    let size = 0;
    for await (const bytes of inputs) size += bytes.length;
    context.setHeaders({ size: `${size}` });
    context.setTrailers({ size: `${size}` });
    if (size !== expected) throw new RangeError(`${size} bytes came`);
  };
}
