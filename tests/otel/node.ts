/**
 * A traced node in a process of its own. Arguments: its host, all hosts, and
 * at the end `call` for one that makes its calls and ends, or `serve` for one
 * that ends with its standard input. Prints a line when it listens.
 *
 * @module
 */

import { Manager } from "@internode/grid";
import { otelTracer } from "@internode/grid/otel";
import { trace } from "@opentelemetry/api";
import { fail, relay, ticks, work } from "./contracts.ts";

const [local = "", ...rest] = Deno.args;
const role = rest.pop();
const own = trace.getTracer("test");
// deno-lint-ignore internode/no-sleep -- any turn of the event loop, over which the span must stay active
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

async function inOwnSpan(name: string): Promise<void> {
  await turn();
  const span = own.startSpan(name);
  await turn();
  span.end();
}

await using manager = new Manager({ local, hosts: rest, tracer: otelTracer() });
manager.handle(work, async (text) => {
  await inOwnSpan(`inside ${text}`);
  return text;
});
manager.handle(relay, async (text, { caller }) => {
  await turn();
  return await manager.connection(caller).request(work, text);
});
manager.handle(fail, () => {
  throw new TypeError("does not work");
});
manager.handle(ticks, async function* (many) {
  try {
    for (let value = 0; value < many; value++) {
      await inOwnSpan(`tick ${value}`);
      yield value;
    }
  } finally {
    await inOwnSpan("last tick");
  }
});
await manager.listen();
console.log("listening");

if (role === "call") {
  await manager.waitForConnect();
  const there = manager.connections()[0]!;
  await own.startActiveSpan("requests", async (span) => {
    await Promise.all(["a", "b"].map((text) => there.request(work, text)));
    await there.request(relay, "c");
    await there.request(fail, undefined).catch(() => {});
    span.end();
  });
  await own.startActiveSpan("stream", async (span) => {
    for await (const value of there.stream(ticks, 100)) if (value === 1) break;
    span.end();
  });
  await there.request(work, "alone");
} else {
  for await (const _ of Deno.stdin.readable);
}
