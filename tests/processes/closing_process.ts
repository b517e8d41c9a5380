/**
 * A process that holds its answers back until it closes, and exits as soon as
 * it has. Its argument is a `ClosingPlan`. Prints "ready" when it listens, and
 * "closed" when it has closed.
 *
 * @module
 */

import { type HandlerContext, Manager } from "@internode/grid";
import { implement, listen, serve } from "@internode/grid/call";
import { systemTransports } from "../../lib/transport/transports.ts";
import { certificates } from "../support/certificates/certificates.ts";
import { answer, ANSWER_BYTES, Answers, type ClosingPlan, LIMITS } from "./closing_plan.ts";

const ignore = (): void => {};
const logger = { debug: ignore, info: ignore, warn: console.error, error: console.error };
const plan: ClosingPlan = JSON.parse(Deno.args[0]!);
const { face, local, hosts, tls, exits } = plan;
const graceMs = 20_000, whole = Promise.withResolvers<void>();
let calls = 0;

function hold(_request: void, { closing }: HandlerContext): Promise<Uint8Array> {
  if (++calls === plan.calls) whole.resolve();
  return new Promise((resolve) => {
    closing.addEventListener("abort", () => resolve(new Uint8Array(ANSWER_BYTES)));
  });
}

if (face === "grid") {
  const transports = tls === null ? { transports: systemTransports(certificates()) } : { tls };
  const node = new Manager({ local, hosts, logger, limits: LIMITS, ...transports });
  node.handle(answer, hold);
  await node.listen();
  console.log("ready");
  await whole.promise;
  await node.close({ graceMs });
} else {
  const transports = systemTransports(certificates());
  const listener = await listen(local, implement(Answers, { answer: hold }), { transports });
  const stop = new AbortController();
  const served = serve(listener, { signal: stop.signal, graceMs, logger, limits: LIMITS }).finished;
  console.log("ready");
  await whole.promise;
  stop.abort();
  await served;
}
console.log("closed");
if (exits) Deno.exit();
