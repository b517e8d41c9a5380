/**
 * A folder for the tests of a module.
 *
 * @module
 */

import { FILES } from "./permitted.ts";

/** Makes a folder that is deleted with all in it once the tests have run; `""` where files are not allowed. */
export function moduleFolder(): string {
  if (!FILES) return "";
  const folder = Deno.makeTempDirSync({ prefix: "internode-" });
  globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  return folder;
}
