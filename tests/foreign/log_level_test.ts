import { assertEquals } from "@std/assert";
import { GuardedLogger } from "../../lib/foreign/guarded_logger.ts";

Deno.test("lines below the level of a logger are not passed on, and the level can change", () => {
  const seen: string[] = [];
  const push = (message: string) => void seen.push(message);
  const logger = new GuardedLogger({ debug: push, info: push, warn: push, error: push }, () => {});
  const say = (): void => {
    for (const level of ["debug", "info", "warn", "error"] as const) {
      logger[level](`${logger.level}: ${level}`, { event: "peer_up" });
    }
  };
  say();
  for (const level of ["info", "warn", "error"] as const) {
    logger.level = level;
    say();
  }
  assertEquals(seen, [
    "debug: debug",
    "debug: info",
    "debug: warn",
    "debug: error",
    "info: info",
    "info: warn",
    "info: error",
    "warn: warn",
    "warn: error",
    "error: error",
  ]);
});
