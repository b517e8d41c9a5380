/**
 * What TypeScript makes of services; checked when the tests are compiled.
 *
 * @module
 */

import type { HandlerContext, Stream } from "@internode/grid";
import {
  type Client,
  client,
  implement,
  method,
  methodStream,
  service,
} from "@internode/grid/call";
import type { Implementation, ServiceCallOptions, SingleMethod } from "@internode/grid/call";
import type { ServiceConnection, StreamMethod } from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { assertEquals } from "@std/assert";
import { Cache } from "../cache_service.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

function same<A, B>(_proof: Same<A, B>): void {}

const Inferred = service("inferred", {
  get: method({ request: t.string(), response: t.optional(t.string()) }),
  plain: method(),
  failing: method({ response: t.nothing(), detail: t.record({ free: t.uint() }) }),
  maybe: method({ request: t.optional(t.uint()), response: t.uint() }),
  watch: methodStream({ output: t.string(), inputCapacity: 0, outputCapacity: 4 }),
  load: methodStream({ initial: t.nothing(), inputCapacity: 4, outputCapacity: 0 }),
});

Deno.test("the types of methods are inferred as they are written down by hand", () => {
  type M = typeof Inferred.methods;
  same<M["get"], SingleMethod<string, string | undefined>>(true);
  same<M["plain"], SingleMethod>(true);
  same<M["failing"], SingleMethod<Uint8Array, void, { free: number }>>(true);
  same<M["watch"], StreamMethod<Uint8Array, never, string>>(true);
  same<M["load"], StreamMethod<void, Uint8Array, never>>(true);
});

Deno.test("the types of a client follow from its service", () => {
  type C = Client<typeof Inferred.methods>;
  same<C["get"], (request: string, options?: ServiceCallOptions) => Promise<string | undefined>>(
    true,
  );
  same<C["maybe"], (request?: number, options?: ServiceCallOptions) => Promise<number>>(true);
  same<
    C["watch"],
    (initial: Uint8Array, options?: ServiceCallOptions) => Stream<never, string>
  >(true);
  same<C["load"], (initial?: void, options?: ServiceCallOptions) => Stream<Uint8Array, never>>(
    true,
  );
});

Deno.test("wrong calls do not compile", () => {
  const calls = (connection: ServiceConnection): void => {
    const cache = client(Cache, connection);
    // @ts-expect-error the request is missing
    cache.get();
    // @ts-expect-error the request is a string
    cache.get(1);
    // @ts-expect-error there is no such method
    cache.remove("a");
    // @ts-expect-error there is no such option
    cache.get("a", { timeout: 5 });
    // @ts-expect-error nothing can be given
    cache.size(5);
    // @ts-expect-error the response may be absent
    const text: Promise<string> = cache.get("a");
    // @ts-expect-error there are no inputs
    cache.watch({ prefix: "" }).send("a");
    // @ts-expect-error the initial value is missing
    cache.watch();
    // @ts-expect-error inputs are texts
    cache.load().send(1);
    // @ts-expect-error the client's methods stay
    cache.get = client(Cache, connection).get;
    // @ts-expect-error a stream is no single method
    connection.request(Cache.methods.watch, { prefix: "" });
    // @ts-expect-error the request is a string
    connection.request(Cache.methods.get, 5);
    text.then();
  };
  assertEquals(calls.length, 1);
});

Deno.test("wrong implementations do not compile", () => {
  type I = Implementation<typeof Inferred.methods>;
  same<
    I["get"],
    (request: string, context: HandlerContext) => string | undefined | Promise<string | undefined>
  >(true);
  const good: I = {
    get: (key) => key.toUpperCase(),
    plain: (bytes, { signal }) => signal.aborted ? new Uint8Array() : bytes,
    failing: () => {},
    maybe: (count) => Promise.resolve(count ?? 0),
    async *watch() {
      yield await "a";
    },
    async load(_initial, input) {
      for await (const bytes of input) same<typeof bytes, Uint8Array>(true);
    },
  };
  const implementations = (): void => {
    implement(Inferred, good);
    // @ts-expect-error watch is missing
    implement(Inferred, { get: good.get, plain: good.plain, failing: good.failing });
    // @ts-expect-error the response is a string
    implement(Inferred, { ...good, get: () => 5 });
    // @ts-expect-error the request is a string
    implement(Inferred, { ...good, get: (key: number) => String(key) });
    // @ts-expect-error the outputs are strings
    implement(Inferred, { ...good, watch: () => [1, 2] });
    // @ts-expect-error outputs must be given
    implement(Inferred, { ...good, watch: () => {} });
    // @ts-expect-error there is no such method
    implement(Inferred, { ...good, remove: () => {} });
    // @ts-expect-error there is no method of that name to limit
    implement(Inferred, good, { methods: { remove: { concurrency: 1 } } });
    implement(Inferred, good, { methods: { get: { concurrency: 1 } } });
  };
  assertEquals(implementations.length, 0);
});
