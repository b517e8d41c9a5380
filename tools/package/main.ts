/**
 * Builds the package for npm in `npm/`: `deno task npm`. It is published from there.
 *
 * @module
 */

import { CommandLine, readLine } from "../command_line/command_line.ts";
import { compile } from "./compile.ts";
import { type Config, manifestOf } from "./manifest.ts";
import { STANDARD_FOLDER, standardModules } from "./standard.ts";

const ROOT = new URL("../../", import.meta.url);
const FOLDER = new URL("npm/", ROOT);
/** What lies beside the modules. */
const TEXTS = ["README.md", "PROTOCOL.md", "SECURITY.md", "CHANGELOG.md", "LICENSE"];

async function build(): Promise<number> {
  const config = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT))) as Config;
  const modules = await standardModules(ROOT, ["msgpack"]), entry = "msgpack/mod.js";
  const entries = Object.values(config.exports).map((path) => path.replace(/^\.\//, ""));
  const root = decodeURIComponent(ROOT.pathname).replace(/\/$/, "");
  const files = compile(root, entries, new Map([["@std/msgpack", `${STANDARD_FOLDER}/${entry}`]]));
  for (const [path, text] of modules) files.set(`${STANDARD_FOLDER}/${path}`, text);
  const types = await Deno.readTextFile(new URL("tools/std/msgpack/types.d.ts", ROOT));
  files.set(`${STANDARD_FOLDER}/${entry.replace(/\.js$/, ".d.ts")}`, types);
  for (const path of TEXTS) files.set(path, await Deno.readTextFile(new URL(path, ROOT)));
  files.set("package.json", `${JSON.stringify(manifestOf(config), null, 2)}\n`);
  await Deno.remove(FOLDER, { recursive: true }).catch(() => {});
  for (const [path, text] of files) {
    const url = new URL(path, FOLDER);
    await Deno.mkdir(new URL(".", url), { recursive: true });
    await Deno.writeTextFile(url, text);
  }
  return files.size;
}

if (import.meta.main) {
  readLine(new CommandLine("deno task npm", "Builds the package for npm in npm/.", {}));
  console.log(`npm/ holds the package, ${await build()} files.`);
}
