/** Interceptors of a client run outside of the attempts. */

import { type ClientInterceptor, InternodeError } from "@internode/grid";
import {
  client,
  connect,
  constantResolver,
  implement,
  listen,
  memory,
  method,
  serve,
  service,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { assertEquals } from "@std/assert";
import { QuietLogger } from "../support/log/quiet.ts";

const Count = service("count", {
  next: method({ request: t.nothing(), response: t.string(), idempotent: true }),
});

let worlds = 0;

/** Two servers, of which the first refuses what it is asked, or hangs. */
async function withReplicas(
  first: () => string | Promise<string>,
  body: (ask: () => Promise<string>, seen: string[], attempts: string[]) => Promise<void>,
  hedge: { delayMs: number } | false = false,
): Promise<void> {
  const world = ++worlds, logger = new QuietLogger(), seen: string[] = [], attempts: string[] = [];
  const addresses = [1, 2].map((number) => `memory://count-${world}-${number}`);
  const listeners = await Promise.all([
    listen(addresses[0]!, implement(Count, { next: first })),
    listen(addresses[1]!, implement(Count, { next: () => "the second" })),
  ]);
  await using _one = serve(listeners[0]!, {
    logger,
    graceMs: 0,
    interceptors: [(next) => async (call) => {
      const result = await next(call);
      if (result.kind === "single" && result.response === "busy") {
        throw new InternodeError("Overloaded", "busy");
      }
      return result;
    }, (next) => (call) => {
      if (call.metadata["refuse"] === undefined) return next(call);
      throw new InternodeError("Overloaded", "refused");
    }],
  });
  await using _two = serve(listeners[1]!, { logger, graceMs: 0 });
  const see: ClientInterceptor = (next) => async (call) => {
    seen.push(`${call.host}>${call.contract.name}`);
    const result = await next({ ...call, metadata: { refuse: "yes" } });
    seen.push("answered");
    return result;
  };
  const endpoints = addresses.map((address) => memory(address.slice("memory://".length)));
  await using to = await connect(constantResolver(...endpoints), {
    logger,
    interceptors: [see],
    hedge,
  });
  to.trace(({ host, error }) =>
    void attempts.push(`${addresses.indexOf(host) + 1} ${error ?? "OK"}`)
  );
  await body(() => client(Count, to).next(), seen, attempts);
}

Deno.test("an interceptor sees one call for all attempts of a retry", async () => {
  await withReplicas(() => "the first", async (ask, seen, attempts) => {
    const answers = [await ask(), await ask()];
    assertEquals(answers, ["the second", "the second"]);
    assertEquals(seen, Array(2).fill([">count.next", "answered"]).flat());
    assertEquals(attempts.filter((attempt) => attempt === "2 OK").length, 2);
    assertEquals(
      attempts.includes("1 Overloaded"),
      true,
      "a refusal that has not run is tried elsewhere",
    );
  });
});

Deno.test("an interceptor sees one call for all attempts of a hedge", async () => {
  const go = Promise.withResolvers<string>();
  await withReplicas(() => go.promise, async (ask, seen) => {
    assertEquals([await ask(), await ask()], ["the second", "the second"]);
    assertEquals(seen, Array(2).fill([">count.next", "answered"]).flat());
    go.resolve("late");
  }, { delayMs: 0 });
});
