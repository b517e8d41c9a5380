import { assertEquals, assertStringIncludes } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import { about } from "../../../lib/foreign/log_event.ts";
import { logLine } from "../../../lib/foreign/log_line.ts";
import { loggerOf } from "../../../lib/rpc/contract/logger.ts";

/** What the console is given meanwhile, by level. */
function consoleLines(log: () => void): unknown[][] {
  const lines: unknown[][] = [], { warn, error } = console;
  console.warn = (...given) => void lines.push(["warn", ...given]);
  console.error = (...given) => void lines.push(["error", ...given]);
  try {
    log();
  } finally {
    Object.assign(console, { warn, error });
  }
  return lines;
}

Deno.test("The default logger: an error of ours is one line, with its cause and short fields", () => {
  const cause = new Error("port is not a number");
  const error = new InternodeError("InvalidArgument", "Line 3 of hosts is not an endpoint.", {
    cause,
  });
  const lines = consoleLines(() =>
    loggerOf(undefined).warn("Line 3 of hosts is not an endpoint. The last 2 endpoints are used.", {
      event: "resolver_failed",
      path: "/etc/my hosts",
      host: undefined,
      ...about(error),
      count: 2,
    })
  );
  assertEquals(lines, [[
    "warn",
    "Line 3 of hosts is not an endpoint. The last 2 endpoints are used. (port is not a number) " +
    'event=resolver_failed path="/etc/my hosts" code=InvalidArgument count=2',
  ]]);
});

Deno.test("The default logger: what a user's code has thrown keeps its stack at error, and no stack is a warning's", () => {
  const thrown = new TypeError("100% wrong");
  const fields = { event: "callback_failed", what: "onChange", ...about(thrown) } as const;
  const own = new InternodeError("Closed", "It is closed.");
  const lines = consoleLines(() => {
    const logger = loggerOf(undefined);
    logger.info("Nobody sees this.", { event: "peer_up" });
    logger.warn("A callback failed: 100% wrong.", fields);
    logger.error("A callback failed: 100% wrong.", fields);
    logger.error("The listener failed: It is closed.", {
      event: "listener_failed",
      ...about(own),
    });
    logger.error("A callback failed.", { ...fields, ...about(own) });
  });
  const ends = "event=callback_failed what=onChange";
  assertEquals(lines, [
    ["warn", `A callback failed: 100% wrong. ${ends}`],
    ["error", `A callback failed: 100%% wrong. ${ends}`, thrown],
    ["error", "The listener failed: It is closed. event=listener_failed code=Closed"],
    ["error", `A callback failed. (It is closed) ${ends} code=Closed`, own],
  ]);
});

Deno.test("The default logger: lists and figures stand as JSON, cut where they are long", () => {
  const remotes = Array.from({ length: 100 }, (_, i) => `10.0.0.${i}`);
  const line = logLine("Two.", { event: "duplicate_name", remotes, answered: { OK: 1 } });
  assertStringIncludes(line, 'Two. event=duplicate_name remotes=["10.0.0.0","10.0.0.1"');
  assertStringIncludes(line, ' answered={"OK":1}');
  assertEquals(line.length < 300, true);
});

Deno.test("A logger that is given gets the error itself", () => {
  const error = new InternodeError("Closed", "It is closed."), given: unknown[] = [];
  const take = (_message: string, fields: unknown): void => void given.push(fields);
  const logger = loggerOf({ debug: take, info: take, warn: take, error: take });
  const fields = { event: "peer_down", ...about(error) } as const;
  logger.warn("It is down.", fields);
  assertEquals(given, [fields]);
});
