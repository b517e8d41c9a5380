import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import { GuardedLogger, MAX_LINE_TEXT } from "../../lib/foreign/guarded_logger.ts";
import type { LogFields } from "../../lib/foreign/log_event.ts";
import { MAX_FOREIGN_TEXT } from "../../lib/foreign/plain_text.ts";

Deno.test("GuardedLogger: passes lines on by their level", () => {
  const told: unknown[][] = [];
  const push = (...args: unknown[]): void => void told.push(args);
  const logger = new GuardedLogger({ debug: push, info: push, warn: push, error: push }, () => {});
  logger.debug("a", { event: "peer_up" });
  logger.info("b", { event: "peer_up", host: "x" });
  logger.warn("c", { event: "duplicate_name" });
  logger.error("d", { event: "duplicate_name", count: 5 });
  assertEquals(told, [
    ["a", { event: "peer_up" }],
    ["b", { event: "peer_up", host: "x" }],
    ["c", { event: "duplicate_name" }],
    ["d", { event: "duplicate_name", count: 5 }],
  ]);
});

Deno.test("GuardedLogger: a line is logged whatever its fields contain", () => {
  const told: unknown[] = [], failures: unknown[] = [];
  const logger = new GuardedLogger(
    { error: (_, { error }) => told.push(error) },
    (thrown) => failures.push(thrown),
  );
  const odd = [Proxy.revocable({}, {}), Proxy.revocable([], {}), Proxy.revocable(new Error(), {})];
  for (const { proxy: error, revoke } of odd) {
    revoke();
    logger.error("a line", { event: "handler_failed", error });
  }
  assertEquals([told.length, failures], [odd.length, []]);
});

Deno.test("GuardedLogger: a method keeps its logger as this", () => {
  const made = {
    lines: 0,
    info(): void {
      this.lines++;
    },
  };
  new GuardedLogger(made, () => {}).info("a line", { event: "peer_up" });
  assertEquals(made.lines, 1);
});

Deno.test("GuardedLogger: methods that throw, are missing, or return rejected promises have no effect on callers", async () => {
  const thrown: unknown[] = [];
  const fails = new GuardedLogger({
    get debug(): () => void {
      throw new Error("1");
    },
    info: () => {
      throw new Error("2");
    },
    warn: () => Promise.reject(new Error("3")),
  }, (what) => thrown.push((what as Error).message));
  const fields = { event: "duplicate_name" } as const;
  for (const level of ["debug", "info", "warn", "error"] as const) fails[level]("a", fields);
  await Promise.resolve();
  assertEquals(thrown, ["1", "2", "3"]);
});

/** What a logger hears of one line. */
function heard(message: string, fields: Omit<LogFields, "event">): [string, LogFields] {
  const lines: [string, LogFields][] = [];
  const info = (text: string, fields?: unknown): unknown => lines.push([text, fields as LogFields]);
  new GuardedLogger({ info }, () => {}).info(message, { event: "duplicate_name", ...fields });
  assertEquals(lines.length, 1);
  return lines[0]!;
}

Deno.test("GuardedLogger: whoever has written a part of a line, its texts are on one line and bounded", () => {
  const [text, fields] = heard("a\r\nERROR b\u001b[31m", {
    host: "h\u202eh",
    remotes: ["r", "r\u2028r"],
    reason: "x".repeat(MAX_FOREIGN_TEXT + 1),
    count: 3,
    answered: { OK: 2 },
  });
  assertEquals(text, "a ERROR b [31m");
  assertEquals(fields, {
    event: "duplicate_name",
    host: "h h",
    remotes: ["r", "r r"],
    reason: "x".repeat(MAX_FOREIGN_TEXT),
    count: 3,
    answered: { OK: 2 },
  });
  assertEquals(heard("y".repeat(MAX_LINE_TEXT + 1), {})[0].length, MAX_LINE_TEXT);
});

Deno.test("GuardedLogger: a plain error is passed on itself; for one with others' line breaks a copy of its class stands in", () => {
  const plain = new InternodeError("Closed", "all is well", { cause: new Error("so is this") });
  assertStrictEquals(heard("a", { error: plain })[1].error, plain);
  const deep = new InternodeError("Closed", "ours", {
    host: "tcp://a:1",
    cause: new RangeError("theirs\n2026 ERROR forged\u009b31m"),
  });
  const copy = heard("a", { error: deep })[1].error;
  assertInstanceOf(copy, InternodeError);
  assertEquals([copy.message, copy.code, copy.host], ["ours", "Closed", "tcp://a:1"]);
  assertInstanceOf(copy.cause, RangeError);
  assertEquals(copy.cause.message, "theirs 2026 ERROR forged 31m");
  const [title, ...places] = copy.cause.stack!.split("\n");
  assertEquals(title, "RangeError: theirs 2026 ERROR forged 31m");
  assert(places.length > 0 && places.every((line) => line.startsWith("    at ")));
  assertEquals((deep.cause as Error).message, "theirs\n2026 ERROR forged\u009b31m");
});

Deno.test("GuardedLogger: an error that cannot be looked at, or is its own cause, is passed on or cut short", () => {
  const closed = new Error("a");
  Object.defineProperty(closed, "message", {
    get() {
      throw new Error("no");
    },
  });
  assertStrictEquals(heard("a", { error: closed })[1].error, closed);
  const round = new Error("a\nb");
  round.cause = round;
  let error: unknown = heard("a", { error: round })[1].error, depth = 0;
  for (; error instanceof Error; error = error.cause) {
    depth++;
    assertEquals(error.message, "a b");
  }
  assert(depth < 20);
});
