import { InternodeError } from "@internode/grid";
import { HandlerMap, serveOn, type Span, type SpanOptions } from "@internode/grid/call";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { memoryPair } from "../../../lib/transport/memory/memory_channel.ts";
import { RawClient } from "./raw_client.ts";
import { QuietLogger } from "../../support/log/quiet.ts";

const echo = new HandlerMap().set("a", "echo", (bytes) => bytes);

Deno.test("a connection that the user made is served until its client ends it", async () => {
  const [near, far] = memoryPair("here", "there");
  const serving = serveOn(far, echo, { name: "a server of one" }).finished;
  const client = await RawClient.on(near);
  assertEquals(client.serverName, "a server of one");
  assertEquals(await client.call("a", "echo", Uint8Array.of(1)), Uint8Array.of(1));
  await client.close();
  await serving;
});

Deno.test("or until the signal aborts, whose listeners it takes away", async () => {
  const [near, far] = memoryPair("here", "there");
  const stop = new AbortController();
  const removed: string[] = [];
  const { removeEventListener } = stop.signal;
  stop.signal.removeEventListener = (...args: unknown[]) => {
    removed.push(String(args[0]));
    removeEventListener.apply(stop.signal, args as Parameters<typeof removeEventListener>);
  };
  const serving = serveOn(far, echo, { signal: stop.signal }).finished;
  const client = await RawClient.on(near);
  assertEquals(client.serverName, "server");
  stop.abort();
  await serving;
  assert(client.isDrained);
  assertEquals((await client.closed).code, "Disconnected");
  assertEquals(removed, ["abort"]);
});

Deno.test("a client that cannot shake hands, and a signal that has aborted, end it too", async () => {
  const log = new QuietLogger();
  {
    const [near, far] = memoryPair("here", "there");
    const serving = serveOn(far, echo, { logger: log }).finished;
    near.start({ onMessage() {}, onDrain() {}, onClose() {} });
    near.send(Uint8Array.of(1, 2, 3));
    await serving;
    assertEquals(log.lines.length, 1);
  }
  const [near, far] = memoryPair("here", "there");
  const closed = Promise.withResolvers<string>();
  near.start({ onMessage() {}, onDrain() {}, onClose: (reason) => closed.resolve(reason) });
  await serveOn(far, echo, { signal: AbortSignal.abort() }).finished;
  await closed.promise;
});

Deno.test("options out of range and a broken channel are told, and the channel is closed", async () => {
  const [near, far] = memoryPair("here", "there");
  const closed = Promise.withResolvers<string>();
  near.start({ onMessage() {}, onDrain() {}, onClose: (reason) => closed.resolve(reason) });
  assertThrows(() => serveOn(far, echo, { graceMs: -5 }), InternodeError, "graceMs");
  await closed.promise;
});

Deno.test("the tracer sees each call served, under the name that people know", async () => {
  const spans: string[] = [];
  const tracer = {
    startSpan(name: string, { kind }: SpanOptions): Span {
      spans.push(`${kind} ${name}`);
      return { context: undefined, run: (action) => action(), end() {} };
    },
  };
  const [near, far] = memoryPair("here", "there");
  const serving = serveOn(far, echo, { tracer }).finished;
  const client = await RawClient.on(near);
  await client.call("a", "echo");
  await client.close();
  await serving;
  assertEquals(spans.length, 1);
  assert(spans[0]!.startsWith("server ") && spans[0]!.includes("echo"), spans[0]);
});
