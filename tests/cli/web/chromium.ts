/**
 * A real browser, for tests: Debian's Chromium.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import type { Browser } from "playwright-core";
import { FILES, NET, RUN, RUNTIME } from "../../support/permitted.ts";

/** What a test with Chromium adds to its definition. */
export interface ChromiumTest {
  /** What a name of such a test ends with: shows why it is skipped. */
  readonly note: string;
  /** Whether it is skipped. */
  readonly ignore: boolean;
}

/** Without the permissions these tests are skipped as any others. Without Chromium they are too, but not in CI: there they fail. */
export const CHROMIUM: ChromiumTest = lookUp();

function lookUp(): ChromiumTest {
  if (!NET || !FILES || !RUN || RUNTIME !== "deno") return { note: "", ignore: true };
  if (spawnSync("chromium", ["--version", "--no-sandbox"], { stdio: "ignore" }).status === 0) {
    return { note: "", ignore: false };
  }
  const env = Deno.permissions.querySync({ name: "env", variable: "CI" }).state === "granted";
  if (env && Deno.env.get("CI")) return { note: " (Chromium is MISSING)", ignore: false };
  return { note: " (SKIPPED: Chromium is not installed, see Debian's chromium)", ignore: true };
}

/** Starts it. */
export async function startChromium(): Promise<Browser> {
  const { stdout } = spawnSync("sh", ["-c", "command -v chromium"], { encoding: "utf8" });
  // Here, as it looks at the system when it is loaded.
  const { chromium } = await import("playwright-core");
  // Who runs tests as root, in a container, has no sandbox; what is shown is our own page.
  return await chromium.launch({ executablePath: stdout.trim(), args: ["--no-sandbox"] });
}
