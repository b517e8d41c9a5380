import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  DEFAULT_MAX_ATTEMPTS,
  resolveMaxAttempts,
  retryDelayMs,
  type RetryVerdict,
  retryVerdict,
} from "../../../lib/call/service/retry_policy.ts";
import {
  type ErrorCode,
  type ErrorOrigin,
  type ErrorOutcome,
  InternodeError,
} from "../../../lib/errors.ts";

const OUTCOMES: readonly ErrorOutcome[] = ["notSent", "notExecuted", "maybeExecuted", "executed"];
const ORIGINS: readonly ErrorOrigin[] = ["caller", "local", "remote", "network"];

/** The verdicts for the four outcomes, the same for each origin: of a method that may not run twice, and of one that may. */
type Row = readonly [
  readonly [RetryVerdict, RetryVerdict, RetryVerdict, RetryVerdict],
  readonly [RetryVerdict, RetryVerdict, RetryVerdict, RetryVerdict],
];
const FINAL: Row = [["never", "never", "never", "never"], ["never", "never", "never", "never"]];
const USUAL: Row = [["free", "paid", "never", "never"], ["free", "paid", "paid", "never"]];

const TABLE: Readonly<Record<ErrorCode, Row>> = {
  Unreachable: USUAL,
  Disconnected: USUAL,
  DeadlineExceeded: FINAL,
  Cancelled: FINAL,
  UnknownHandler: [["free", "elsewhere", "never", "never"], [
    "free",
    "elsewhere",
    "elsewhere",
    "never",
  ]],
  HandlerFailed: FINAL,
  InvalidPayload: FINAL,
  MessageTooLarge: FINAL,
  Overloaded: [["paid", "paid", "never", "never"], ["paid", "paid", "paid", "never"]],
  PermissionDenied: FINAL,
  Unauthenticated: FINAL,
  ProtocolError: USUAL,
  Closed: USUAL,
  InvalidArgument: FINAL,
  GoingAway: USUAL,
  NotListed: USUAL,
};

Deno.test("the table of verdicts, for every code, outcome and origin", () => {
  for (const [code, rows] of Object.entries(TABLE) as [ErrorCode, Row][]) {
    for (const origin of ORIGINS) {
      for (const [at, outcome] of OUTCOMES.entries()) {
        for (const isIdempotent of [false, true]) {
          const error = new InternodeError(code, "", { origin, outcome });
          const byThisSide = code === "Closed" && (origin === "local" || origin === "caller");
          const expected = byThisSide ? "never" : rows[isIdempotent ? 1 : 0][at];
          const verdict = retryVerdict(error, isIdempotent, 1, 4);
          assertEquals(verdict, expected, `${code} ${origin} ${outcome} ${isIdempotent}`);
          // A second run of what may have run is asked for by the method alone.
          if (!isIdempotent && at >= 2) assertEquals(verdict, "never");
        }
      }
    }
  }
});

Deno.test("attempts are counted, free ones are not", () => {
  const paid = new InternodeError("Overloaded", "", { origin: "remote", outcome: "notExecuted" });
  const free = new InternodeError("Disconnected", "", { origin: "network", outcome: "notSent" });
  const verdicts = [1, 2, 3, 4, 5].map((attempts) => retryVerdict(paid, false, attempts, 4));
  assertEquals(verdicts, ["paid", "paid", "paid", "never", "never"]);
  assertEquals(retryVerdict(paid, true, 1, 1), "never");
  assertEquals(retryVerdict(free, false, 9, 1), "free");
});

Deno.test("what is no error of this library is never tried again", () => {
  for (const error of [new Error("lost"), undefined, "no", new DOMException("", "AbortError")]) {
    assertEquals(retryVerdict(error, true, 1, 4), "never");
  }
});

Deno.test("another replica at once, the same one after 10, 20, 40 ms and so on, less up to 40 %", () => {
  assertEquals(retryDelayMs(1, false, 0.5), 0);
  assertEquals(retryDelayMs(3, false, 0), 0);
  assertEquals([1, 2, 3, 4, 7, 8, 5_000].map((retry) => retryDelayMs(retry, true, 0)), [
    10,
    20,
    40,
    80,
    640,
    1_000,
    1_000,
  ]);
  assertEquals(retryDelayMs(1, true, 0.5), 8);
  assert(retryDelayMs(1, true, 0.999_999) > 6);
});

Deno.test("maxAttempts: 4 unless given, a whole number of at least 1", () => {
  assertEquals(DEFAULT_MAX_ATTEMPTS, 4);
  assertEquals([resolveMaxAttempts(undefined), resolveMaxAttempts({})], [4, 4]);
  assertEquals(resolveMaxAttempts({ maxAttempts: 1 }), 1);
  for (const maxAttempts of [0, -1, 2.5, NaN, Infinity]) {
    const error = assertThrows(() => resolveMaxAttempts({ maxAttempts }), InternodeError);
    assertEquals(error.code, "InvalidArgument");
    assert(error.message.includes(`retry.maxAttempts must be a whole number`));
  }
});
