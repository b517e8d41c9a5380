/**
 * Streams as ends of pipes.
 *
 * @module
 */

import { InternodeError, type Manager, stream } from "@internode/grid";
import { assertEquals, assertRejects } from "@std/assert";
import { withPair } from "../../support/simulation/simulated_grid.ts";

const up = stream("up", { inputCapacity: 4, outputCapacity: 1 });
const NONE = new Uint8Array(0), ONE = new Uint8Array([1]);

/** Gives one message and is silent from then on; tells why nobody reads it any more. */
function silentSource(): { readonly source: ReadableStream<Uint8Array>; left: Promise<unknown> } {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const source = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(NONE),
    cancel: resolve,
  });
  return { source, left: promise };
}

const ENDS: Readonly<Record<string, (server: Manager, user: Manager) => unknown>> = {
  "the handler fails": () => {},
  "the connection is lost": (server) => server.close({ graceMs: 0 }),
  "the caller's node closes": (_, user) => user.close({ graceMs: 0 }),
};

for (const [name, end] of Object.entries(ENDS)) {
  Deno.test(`a pipe into a stream ends when ${name}, though its source is silent`, () =>
    withPair({
      serve: (manager) =>
        manager.handle(up, async function* (_, input) {
          for await (const _each of input) {
            if (name === "the handler fails") throw new Error("no more");
          }
          yield NONE;
        }),
    }, async (grid) => {
      const user = grid.node(0), server = grid.node(1);
      const call = user.connection(grid.hosts[1]!).stream(up, NONE);
      const { source, left } = silentSource();
      const piped = source.pipeTo(call.writable);
      const failed = assertRejects(() => piped, InternodeError);
      await grid.clock.advance(50);
      await end(server, user);
      const error = await failed;
      assertEquals(await left, error, "the source hears of it");
      assertEquals(await call.finished.catch((reason) => reason), error);
    }));
}

Deno.test("a pipe into a stream that its handler ends well closes as its source ends", () =>
  withPair({
    serve: (manager) => manager.handle(up, () => [ONE]),
  }, async (grid) => {
    const call = grid.node(0).connection(grid.hosts[1]!).stream(up, NONE);
    await call.finished;
    await call.writable.close();
    assertEquals(await Array.fromAsync(call.readable), [ONE]);
  }));

Deno.test("a function that subscribes to traces twice is told twice, and each subscription ends by itself", () =>
  withPair({
    serve: (manager) => manager.handle(up, () => [ONE]),
  }, async (grid) => {
    const to = grid.node(0).connection(grid.hosts[1]!);
    let told = 0;
    const subscriber = (): void => void told++;
    const read = (): Promise<unknown> => Array.fromAsync(to.stream(up, NONE));
    const ends = [grid.node(0).trace(subscriber), grid.node(0).trace(subscriber)];
    await read();
    assertEquals(told, 2);
    ends[0]!();
    await read();
    assertEquals(told, 3);
    ends[0]!();
    ends[1]!();
    await read();
    assertEquals(told, 3);
  }));
