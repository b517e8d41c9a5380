import {
  HandlerError,
  type InterceptedCall,
  InternodeError,
  type Next,
  type ServerCall,
  single,
  stream,
} from "@internode/grid";
import * as t from "@internode/grid/codec";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { onEach } from "./ground.ts";

const get = single("get", { request: t.string(), response: t.string() });
const raw = single("raw");
const scan = stream("scan", {
  initial: t.uint(),
  output: t.uint(),
  inputCapacity: 0,
  outputCapacity: 2,
});
const store = stream("store", {
  initial: t.nothing(),
  input: t.uint(),
  inputCapacity: 2,
  outputCapacity: 0,
});

type Texts = Readonly<Record<string, string>>;

/** Functions for the metadata of an answer, and what they were told. */
function ears(): {
  told: [string, Texts][];
  onHeaders(h: Texts): void;
  onTrailers(t: Texts): void;
} {
  const told: [string, Texts][] = [];
  return {
    told,
    onHeaders: (headers) => told.push(["headers", { ...headers }]),
    onTrailers: (trailers) => told.push(["trailers", { ...trailers }]),
  };
}

onEach(
  "headers and trailers of a request come before its response, and with its failure",
  async (face) => {
    await using ground = await face.start({
      handlers: (to) => {
        to.handle(get, async (name, context) => {
          context.setHeaders({ etag: "a0", host: "r1" });
          context.setTrailers({ checksum: "00" });
          if (name !== "now") await Promise.resolve();
          context.setHeaders({ etag: "a1" });
          context.setTrailers({ checksum: "ff" });
          if (name === "fails") throw new HandlerError("disk full");
          return name;
        });
        to.handle(raw, (bytes, context) => {
          context.setHeaders({ length: `${bytes.length}` });
          return bytes;
        }, { lendRequest: true });
      },
    });
    const expected: [string, Texts][] = [
      ["headers", { etag: "a1", host: "r1" }],
      ["trailers", { checksum: "ff" }],
    ];
    for (const name of ["now", "later"]) {
      const { told, ...functions } = ears();
      assertEquals(await ground.request(get, name, functions), name);
      assertEquals(told, expected);
    }
    const { told, ...functions } = ears();
    const error = await assertRejects(
      () => ground.request(get, "fails", functions),
      InternodeError,
    );
    assertEquals([error.code, error.remoteMessage], ["HandlerFailed", "disk full"]);
    assertEquals(told, expected);
    assertEquals(await ground.request(get, "unheard"), "unheard");
    for (const size of [0, 100, 20_000, 300_000]) {
      const bytes = new Uint8Array(size).fill(7), { told, ...functions } = ears();
      assertEquals(await ground.request(raw, bytes, functions), bytes);
      const into = new Uint8Array(size + 5);
      assertEquals(await ground.request(raw, bytes, { into, ...functions }), bytes);
      assertEquals(told.map(([, { length }]) => length), [`${size}`, `${size}`]);
    }
  },
);

onEach(
  "a stream's headers come before its first output, its trailers behind the last",
  async (face) => {
    await using ground = await face.start({
      handlers: (to) =>
        to.handle(scan, async function* (count, _, context) {
          context.setHeaders({ total: `${count}` });
          for (let value = 0; value < count; value++) yield value;
          context.setTrailers({ read: `${count}` });
          await Promise.resolve();
          if (count === 9) throw new Error("no more");
        }),
    });
    for (const count of [0, 1, 5]) {
      const scanned = ground.stream(scan, count);
      assertEquals({ ...await scanned.headers }, { total: `${count}` });
      assertEquals((await Array.fromAsync(scanned)).length, count);
      assertEquals({ ...await scanned.trailers }, { read: `${count}` });
      assertEquals({ ...await scanned.headers }, { total: `${count}` });
      // Asked for when all is over.
      const other = ground.stream(scan, count);
      await Array.fromAsync(other);
      await other.finished;
      const both = [{ ...await other.headers }, { ...await other.trailers }];
      assertEquals(both, [{ total: `${count}` }, { read: `${count}` }]);
    }
    const failing = ground.stream(scan, 9);
    await assertRejects(() => Array.fromAsync(failing), InternodeError, "no more");
    assertEquals([{ ...await failing.headers }, { ...await failing.trailers }], [
      { total: "9" },
      { read: "9" },
    ]);
  },
);

onEach("a stream without outputs has its metadata with the end", async (face) => {
  await using ground = await face.start({
    handlers: (to) =>
      to.handle(store, async (_, input, context) => {
        context.setHeaders({ version: "3" });
        let sum = 0;
        for await (const value of input) sum += value;
        context.setTrailers({ sum: `${sum}` });
        if (sum > 10) throw new Error("too much");
      }),
  });
  for (const last of [4, 40]) {
    const storing = ground.stream(store, undefined);
    const { headers, trailers } = storing;
    for (const value of [3, last]) await storing.send(value);
    storing.end();
    if (last === 4) await storing.finished;
    else await assertRejects(() => storing.finished, InternodeError, "too much");
    assertEquals([{ ...await headers }, { ...await trailers }], [
      { version: "3" },
      { sum: `${last + 3}` },
    ]);
  }
});

onEach(
  "where a handler sets none, nothing is told, and promises have empty objects",
  async (face) => {
    const gate = Promise.withResolvers<void>();
    await using ground = await face.start({
      handlers: (to) => {
        to.handle(get, (name, context) => (context.setHeaders({}), name));
        to.handle(scan, async function* (count) {
          yield count;
          await gate.promise;
        });
      },
    });
    const { told, ...functions } = ears();
    await ground.request(get, "x", functions);
    assertEquals(told, []);
    const scanned = ground.stream(scan, 1);
    // With the first output, though the stream goes on.
    assertEquals({ ...await scanned.headers }, {});
    const late = ground.stream(scan, 1);
    await late[Symbol.asyncIterator]().next();
    assertEquals({ ...await late.headers }, {});
    gate.resolve();
    for (const stream of [scanned, late]) {
      await stream.finished;
      assertEquals({ ...await stream.trailers }, {});
    }
  },
);

onEach("promises of a stream that was given up or refused reject, handled or not", async (face) => {
  await using ground = await face.start({
    handlers: (to) =>
      // deno-lint-ignore require-yield -- it never gets that far
      to.handle(scan, async function* (_, _input, { signal }) {
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
      }),
  });
  const reason = new Error("enough");
  const scanned = ground.stream(scan, 1);
  const { headers, trailers } = scanned;
  scanned.cancel(reason);
  for (const promise of [headers, trailers, scanned.headers]) {
    assertEquals(await promise.then(() => null, (error) => error), reason);
  }
  // Nobody waits for these.
  const unheard = ground.stream(scan, 1);
  unheard.headers;
  unheard.trailers;
  unheard.cancel(reason);
  const refused = ground.stream(store, undefined);
  await assertRejects(() => refused.headers, InternodeError, "store");
});

onEach("metadata that is late, or none, is refused with a clear error", async (face) => {
  const errors: unknown[] = [];
  const attempt = (action: () => void): void => {
    errors.push((assertThrows(action, InternodeError) as InternodeError).message);
  };
  let kept: { setHeaders(h: Texts): void; setTrailers(t: Texts): void } | null = null;
  await using ground = await face.start({
    handlers: (to) => {
      to.handle(get, (name, context) => {
        kept = context;
        for (const wrong of [null, 7, "x", { a: 7 }, { a: "\ud800" }, { a: "x".repeat(4_096) }]) {
          attempt(() => context.setHeaders(wrong as Texts));
        }
        context.setTrailers({ a: "x".repeat(2_000) });
        attempt(() => context.setTrailers({ b: "x".repeat(2_200) }));
        return name;
      });
      to.handle(scan, function* (count, _, context) {
        yield count;
        attempt(() => context.setHeaders({ late: "yes" }));
      });
    },
  });
  const { told, ...functions } = ears();
  assertEquals(await ground.request(get, "x", functions), "x");
  assertEquals(told, [["trailers", { a: "x".repeat(2_000) }]]);
  attempt(() => kept!.setHeaders({ a: "b" }));
  attempt(() => kept!.setTrailers({ a: "b" }));
  await Array.fromAsync(ground.stream(scan, 1));
  const has = (text: string): boolean => errors.some((error) => String(error).includes(text));
  for (
    const text of ["with its answer", "with its first output", "4096", "must be strings", "half a"]
  ) {
    assert(has(text), `${text} in ${errors.join("; ")}`);
  }
  assertEquals(errors.length, 10);
});

onEach(
  "functions for metadata that are none are refused, and so are they for streams",
  async (face) => {
    await using ground = await face.start({
      handlers: (to) => {
        to.handle(get, (name) => name);
        to.handle(scan, function* (count) {
          yield count;
        });
      },
    });
    for (const name of ["onHeaders", "onTrailers"]) {
      for (const wrong of [null, 7, {}]) {
        await assertRejects(
          () => ground.request(get, "x", { [name]: wrong }),
          InternodeError,
          name,
        );
      }
      const refused = ground.stream(scan, 1, { [name]: () => {} });
      await assertRejects(() => refused.finished, InternodeError, `${name} works only for single`);
    }
  },
);

onEach("a function for metadata that throws harms no call, and is logged once", async (face) => {
  await using ground = await face.start({
    handlers: (to) =>
      to.handle(get, (name, context) => {
        context.setHeaders({ a: "b" });
        context.setTrailers({ c: "d" });
        return name;
      }),
  });
  for (const onHeaders of [() => assert(false), () => Promise.reject(new Error("later"))]) {
    const { told, onTrailers } = ears();
    assertEquals(await ground.request(get, "x", { onHeaders, onTrailers }), "x");
    assertEquals(told, [["trailers", { c: "d" }]]);
  }
  await Promise.resolve();
  const lines = ground.log.lines.filter((line) => line.includes("onHeaders of a call"));
  assertEquals(lines.length, 1, ground.log.lines.join("\n"));
});

onEach(
  "interceptors of both sides let metadata through, and those of servers may add to it",
  async (face) => {
    const pass = <Call extends InterceptedCall>(next: Next<Call>): Next<Call> => (call) =>
      next(call);
    const mark = (next: Next<ServerCall>): Next<ServerCall> => async (call) => {
      call.context.setHeaders({ server: "r1" });
      const result = await next(call);
      call.context.setTrailers({ took: "1" });
      return result;
    };
    await using ground = await face.start({
      interceptors: { client: [pass], server: [mark] },
      handlers: (to) => {
        to.handle(get, (name, context) => (context.setHeaders({ name }), name));
        to.handle(scan, async function* (count, _, context) {
          context.setHeaders({ count: `${count}` });
          yield count;
          context.setTrailers({ read: "1" });
          if (count === 9) throw new Error("no more");
        });
      },
    });
    const { told, ...functions } = ears();
    assertEquals(await ground.request(get, "x", functions), "x");
    assertEquals(told, [["headers", { server: "r1", name: "x" }], ["trailers", { took: "1" }]]);
    for (const count of [1, 9]) {
      const scanned = ground.stream(scan, count);
      assertEquals({ ...await scanned.headers }, { server: "r1", count: `${count}` });
      if (count === 1) assertEquals(await Array.fromAsync(scanned), [1]);
      else await assertRejects(() => Array.fromAsync(scanned), InternodeError, "no more");
      assertEquals({ ...await scanned.trailers }, { took: "1", read: "1" });
    }
    const given = ground.stream(scan, 1), reason = new Error("enough");
    given.cancel(reason);
    assertEquals(await given.trailers.then(() => null, (error) => error), reason);
  },
);
