import { assertEquals } from "@std/assert";
import { GuardedLogger } from "../../lib/foreign/guarded_logger.ts";

Deno.test("GuardedLogger: passes on what it is told, with fields only where there are some", () => {
  const told: unknown[][] = [];
  const push = (...args: unknown[]): void => void told.push(args);
  const logger = new GuardedLogger({ debug: push, info: push, warn: push, error: push }, () => {});
  logger.debug("a");
  logger.info("b", { host: "x" });
  logger.warn("c");
  logger.error("d", { code: 5 });
  assertEquals(told, [["a"], ["b", { host: "x" }], ["c"], ["d", { code: 5 }]]);
});

Deno.test("GuardedLogger: a method keeps its logger as this", () => {
  const made = {
    lines: 0,
    info(): void {
      this.lines++;
    },
  };
  new GuardedLogger(made, () => {}).info("a line");
  assertEquals(made.lines, 1);
});

Deno.test("GuardedLogger: methods that throw, are missing, or return rejected promises harm nobody", async () => {
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
  fails.debug("a");
  fails.info("b");
  fails.warn("c");
  fails.error("d");
  await Promise.resolve();
  assertEquals(thrown, ["1", "2", "3"]);
});
