/**
 * What follows a failed attempt.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { InternodeError } from "@internode/grid";
import { CallAttempts } from "../../../lib/call/client/call_attempts.ts";
import { RetryBudget } from "../../../lib/call/service/retry_budget.ts";
import { named } from "../../support/endpoint_named.ts";

const [a, b] = ["a", "b"].map((name) => ({
  endpoint: named(name),
  callsInFlight: 0,
  latencyMs: NaN,
}));
const busy = new InternodeError("Overloaded", "busy", {
  origin: "remote",
  outcome: "notExecuted",
});
const unknown = new InternodeError("UnknownHandler", "what?", {
  origin: "remote",
  outcome: "notExecuted",
});
const random = (): number => 0;

function bounds() {
  return { isIdempotent: false, maxAttempts: 4, budget: new RetryBudget(), random };
}

Deno.test("elsewhere the next attempt is made at once, on the same replica after a wait", () => {
  const attempts = new CallAttempts(new Set());
  assertEquals(attempts.onPicked(a!, random), 0);
  assertEquals(attempts.onFailure(busy, a!, [a!, b!], bounds(), 0), 0);
  assertEquals(attempts.onPicked(b!, random), 0);
  assertEquals(attempts.onFailure(busy, b!, [a!, b!], bounds(), 0), 20);
  // It has waited, so whichever is picked now is fine.
  assertEquals(attempts.onPicked(a!, random), 0);
});

Deno.test("a balancer that insists on the replica that failed makes the call wait once", () => {
  const attempts = new CallAttempts(new Set());
  assertEquals(attempts.onFailure(busy, a!, [a!, b!], bounds(), 0), 0);
  assertEquals(attempts.onPicked(a!, random), 10);
  assertEquals(attempts.onPicked(a!, random), 0);
});

Deno.test("a method that a replica lacks is tried on others alone", () => {
  const alone = new CallAttempts(new Set());
  assertEquals(alone.onFailure(unknown, a!, [a!], bounds(), 0), null);
  const attempts = new CallAttempts(new Set());
  assertEquals(attempts.onFailure(unknown, a!, [a!, b!], bounds(), 0), 0);
  assertEquals(attempts.onPicked(a!, random), null);
  assertEquals(attempts.onPicked(b!, random), 0);
});

Deno.test("an empty budget ends the call", () => {
  const empty = {
    ...bounds(),
    budget: new RetryBudget({ ratio: 0, minPerSecond: 0 }),
  };
  assertEquals(new CallAttempts(new Set()).onFailure(busy, a!, [a!, b!], empty, 0), null);
  const lost = new InternodeError("Disconnected", "lost", { outcome: "notSent" });
  assertEquals(new CallAttempts(new Set()).onFailure(lost, a!, [a!, b!], empty, 0), 0);
});

Deno.test("that the handler may have run is not forgotten", () => {
  const attempts = new CallAttempts(new Set());
  const lost = new InternodeError("Disconnected", "lost", { outcome: "maybeExecuted" });
  attempts.onFailure(lost, a!, [a!, b!], { ...bounds(), isIdempotent: true }, 0);
  attempts.onFailure(busy, b!, [a!, b!], { ...bounds(), isIdempotent: true }, 0);
  assert(attempts.maybeExecuted);
});
