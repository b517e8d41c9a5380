/**
 * Builds the package for npm: `deno task npm`. It is published from `npm/`.
 *
 * @module
 */

import { CommandLine, flag, readLine, text } from "../command_line/command_line.ts";
import { compile } from "./compile.ts";
import { type Config, manifestOf, PROGRAMS } from "./manifest.ts";
import { packedTexts } from "./texts.ts";
import { STANDARD_FOLDER, standardModules } from "./standard.ts";

const ROOT = new URL("../../", import.meta.url);
/** What lies beside the modules, with the texts that these link to. */
const TEXTS = ["README.md", "PROTOCOL.md", "SECURITY.md", "CHANGELOG.md", "LICENSE"];

const LINE = new CommandLine("deno task npm", "Builds the package for npm.", {
  out: text("the folder, which is emptied first", "DIR", "npm"),
  stripped: flag("take the types away and lower nothing, as JSR does for Node and Bun"),
});

async function build(out: string, stripped: boolean): Promise<number> {
  const config = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT))) as Config;
  const entry = "msgpack/mod.js", modules = await standardModules(ROOT, [entry]);
  const entries = [...Object.values(config.exports), ...Object.values(PROGRAMS)]
    .map((path) => path.replace(/^\.\//, ""));
  const root = decodeURIComponent(ROOT.pathname).replace(/\/$/, "");
  const replaced = new Map([["@std/msgpack", `${STANDARD_FOLDER}/${entry}`]]);
  const files = compile(root, entries, replaced, stripped);
  for (const [path, text] of modules) files.set(`${STANDARD_FOLDER}/${path}`, text);
  const types = await Deno.readTextFile(new URL("tools/std/msgpack/types.d.ts", ROOT));
  files.set(`${STANDARD_FOLDER}/${entry.replace(/\.js$/, ".d.ts")}`, types);
  const texts = await packedTexts(TEXTS, {
    read: (path) => Deno.readTextFile(new URL(path, ROOT)),
    isText: (path) => /^(?:docs\/.+|[^/]+)\.md$|^LICENSE$/.test(path),
    isSource: (path) => path.endsWith(".ts") && files.has(path.replace(/\.ts$/, ".js")),
  });
  for (const [path, text] of texts) files.set(path, text);
  files.set("package.json", `${JSON.stringify(manifestOf(config), null, 2)}\n`);
  await Deno.remove(out, { recursive: true }).catch(() => {});
  for (const [path, text] of files) {
    const file = `${out}/${path}`;
    await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(file, text);
  }
  return files.size;
}

if (import.meta.main) {
  const { out, stripped } = readLine(LINE);
  const count = await build(out, stripped);
  console.log(`${out} holds the package, ${count} files.`);
}
