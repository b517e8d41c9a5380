/**
 * A real browser, for tests: Debian's Chromium.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import type { Browser } from "playwright-core";
import { type ProgramTest, testWith } from "../../support/installed.ts";
import { FILES, NET, RUN, RUNTIME } from "../../support/permitted.ts";

/** The tests that need it. */
export const CHROMIUM: ProgramTest = testWith(
  "Chromium",
  "Debian's chromium",
  NET && FILES && RUN && RUNTIME === "deno",
  () => spawnSync("chromium", ["--version", "--no-sandbox"], { stdio: "ignore" }).status === 0,
);

/** Starts it. */
export async function startChromium(): Promise<Browser> {
  const { stdout } = spawnSync("sh", ["-c", "command -v chromium"], { encoding: "utf8" });
  // Here, as it looks at the system when it is loaded.
  const { chromium } = await import("playwright-core");
  // Who runs tests as root, in a container, has no sandbox; what is shown is our own page.
  return await chromium.launch({ executablePath: stdout.trim(), args: ["--no-sandbox"] });
}
