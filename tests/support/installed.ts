/**
 * Tests that need a program of the system.
 *
 * @module
 */

/** What such a test adds to its definition. */
export interface ProgramTest {
  /** What its name ends with: shows why it is skipped. */
  readonly note: string;
  /** Whether it is skipped. */
  readonly ignore: boolean;
}

/**
 * Without the permissions such tests are skipped as any others. Without the
 * program they are too, but not in CI: there they fail.
 *
 * @param name The program's.
 * @param from Where it comes from.
 */
export function testWith(
  name: string,
  from: string,
  isPermitted: boolean,
  isInstalled: () => boolean,
): ProgramTest {
  if (!isPermitted) return { note: "", ignore: true };
  if (isInstalled()) return { note: "", ignore: false };
  const env = Deno.permissions.querySync({ name: "env", variable: "CI" }).state === "granted";
  if (env && Deno.env.get("CI")) return { note: ` (${name} is MISSING)`, ignore: false };
  return { note: ` (SKIPPED: ${name} is not installed, see ${from})`, ignore: true };
}
