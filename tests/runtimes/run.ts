/**
 * Runs test files on Node or Bun, one test after the other, and says how many
 * passed as Deno does. The process must come to its end by itself: what a test
 * has left open would hold it.
 *
 * @module
 */

import process from "node:process";
import { atEnd, installDenoApi, registered } from "./deno_api.ts";

/** How long one test may take, and how long the process may go on after the last one. */
const TEST_MS = 60_000, END_MS = 5_000;

async function runAll(files: readonly string[], filter: string): Promise<void> {
  installDenoApi();
  for (const file of files) await import(file);
  let passed = 0, failed = 0, ignored = 0;
  let last: unknown = null;
  const onUncaught = (error: unknown): void => {
    last = error ?? new Error("nothing was thrown");
  };
  process.on("uncaughtException", onUncaught);
  process.on("unhandledRejection", onUncaught);
  for (const { name, ignore, run } of registered) {
    if (!name.includes(filter)) continue;
    if (ignore) {
      ignored++;
      continue;
    }
    last = null;
    const startMs = performance.now();
    let failure: unknown = null;
    try {
      await inTime(run());
    } catch (error) {
      failure = error ?? new Error("nothing was thrown");
    }
    failure ??= last;
    const tookMs = Math.round(performance.now() - startMs);
    if (failure === null) passed++;
    else failed++;
    console.log(`${name} ... ${failure === null ? "ok" : "FAILED"} (${tookMs}ms)`);
    if (failure !== null) console.log(failure);
  }
  for (const action of atEnd) action();
  const sum = `${passed} passed | ${failed} failed | ${ignored} ignored`;
  console.log(`\n${failed === 0 ? "ok" : "FAILED"} | ${sum}`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
  // deno-lint-ignore internode/no-sleep -- time is the matter: what is open holds the process
  const timer = setTimeout(() => {
    console.log(`something was left open: ${process.getActiveResourcesInfo?.().join(", ")}`);
    process.exit(1);
  }, END_MS);
  timer.unref();
}

function inTime(running: void | Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    // deno-lint-ignore internode/no-sleep -- time is the matter: a test that hangs must not hang all
    const timer = setTimeout(() => reject(new Error(`not over in ${TEST_MS} ms`)), TEST_MS);
    Promise.resolve(running).then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

const [filter = "", ...files] = process.argv.slice(2);
await runAll(files, filter);
