import { assertEquals } from "@std/assert";
import { healthVerdict } from "../../../lib/call/replicas/health_verdict.ts";
import {
  type ErrorCode,
  type ErrorOrigin,
  type ErrorOutcome,
  InternodeError,
} from "../../../lib/errors.ts";

function verdict(code: ErrorCode, origin: ErrorOrigin, outcome: ErrorOutcome) {
  return healthVerdict(new InternodeError(code, "", { origin, outcome }));
}

Deno.test("answers speak for the replica, pleasant or not", () => {
  const codes = [
    "HandlerFailed",
    "UnknownHandler",
    "InvalidPayload",
    "Overloaded",
    "PermissionDenied",
  ] as const;
  for (const code of codes) {
    for (const outcome of ["executed", "notExecuted"] as const) {
      assertEquals(verdict(code, "remote", outcome), "answered");
    }
    assertEquals(verdict(code, "caller", "notSent"), "neutral");
    assertEquals(verdict(code, "local", "notSent"), "neutral");
  }
});

Deno.test("a call that was sent and got no answer in time speaks against it, one not sent does not", () => {
  assertEquals(verdict("DeadlineExceeded", "network", "maybeExecuted"), "failed");
  assertEquals(verdict("DeadlineExceeded", "remote", "maybeExecuted"), "failed");
  assertEquals(verdict("DeadlineExceeded", "network", "notSent"), "neutral");
  assertEquals(verdict("DeadlineExceeded", "remote", "notExecuted"), "neutral");
  // It took a part of the request and no more.
  assertEquals(verdict("DeadlineExceeded", "network", "notExecuted"), "failed");
});

Deno.test("cancelled calls, lost connections and what is no error of this library say nothing", () => {
  const codes = [
    "Cancelled",
    "Closed",
    "Disconnected",
    "ProtocolError",
    "Unreachable",
  ] as const;
  for (const code of codes) {
    for (const origin of ["local", "remote", "network", "caller"] as const) {
      assertEquals(verdict(code, origin, "maybeExecuted"), "neutral");
    }
  }
  for (const error of [new Error("lost"), undefined, "aborted"]) {
    assertEquals(healthVerdict(error), "neutral");
  }
});
