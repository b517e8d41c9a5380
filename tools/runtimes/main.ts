/**
 * Runs test files on another runtime: `deno task test:on node@24.21.0 [PATH…]`.
 * The very files that Deno runs are compiled as the package for npm is, into a
 * folder that is removed afterwards.
 *
 * @module
 */

import { compile } from "../package/compile.ts";
import { outputOf, STANDARD_FOLDER, standardModules } from "../package/standard.ts";

const ROOT = new URL("../../", import.meta.url);
const HELP = `Usage: deno task test:on RUNTIME [--filter TEXT] [PATH…]

RUNTIME is what npx brings, such as node@24.21.0 or bun@1.4.5, or the path of a program.
PATH is a test file, or a folder of them.`;

/** What tests import of JSR's standard library. */
const STANDARD = ["assert", "msgpack"];

/** The test files at a path. */
async function filesAt(path: string): Promise<string[]> {
  if (path.endsWith(".ts")) return [path];
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(path, ROOT))) {
    if (isDirectory) found.push(...await filesAt(`${path}/${name}`));
    else if (name.endsWith("_test.ts")) found.push(`${path}/${name}`);
  }
  return found.sort();
}

/** Writes all that the tests need, and what they read, into a folder. */
async function build(folder: string, files: readonly string[]): Promise<void> {
  const config = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const replaced = new Map<string, string>();
  const entries: string[] = [];
  for (const [entry, path] of Object.entries(config.exports as Record<string, string>)) {
    entries.push(path.replace("./", ""));
    replaced.set(config.name + entry.slice(1), entries.at(-1)!.replace(/\.ts$/, ".js"));
  }
  const modules = await standardModules(ROOT, STANDARD);
  for (const name of STANDARD) {
    replaced.set(`@std/${name}`, `${STANDARD_FOLDER}/${name}/mod.js`);
  }
  const root = decodeURIComponent(ROOT.pathname).replace(/\/$/, "");
  const compiled = compile(
    root,
    [...entries, "tests/runtimes/run.ts", ...files],
    replaced,
  );
  for (const [path, text] of modules) compiled.set(`${STANDARD_FOLDER}/${path}`, text);
  for (const [path, text] of compiled) {
    if (path.endsWith(".d.ts")) continue;
    await write(`${folder}/${path}`, text);
  }
  await copyData(folder, "tests");
  const dependencies = Object.fromEntries(
    Object.values(config.imports as Record<string, string>).map((target) =>
      /^npm:(.+)@([^@]+)$/.exec(target)
    ).filter((found) => found !== null && found[1] !== "typescript").map((found) =>
      found!.slice(1, 3)
    ),
  );
  await write(
    `${folder}/package.json`,
    JSON.stringify({ private: true, type: "module", dependencies }),
  );
  const quiet = ["install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"];
  await outputOf("npm", quiet, folder);
}

/** What tests read beside modules: keys, certificates, vectors. */
async function copyData(folder: string, path: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(path, ROOT))) {
    if (isDirectory) await copyData(folder, `${path}/${name}`);
    if (isDirectory || name.endsWith(".ts")) continue;
    await Deno.mkdir(`${folder}/${path}`, { recursive: true });
    await Deno.copyFile(new URL(`${path}/${name}`, ROOT), `${folder}/${path}/${name}`);
  }
}

async function write(path: string, text: string): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(path, text);
}

async function main([runtime, ...args]: readonly string[]): Promise<number> {
  if (runtime === undefined || runtime.startsWith("-")) {
    console.log(HELP);
    return runtime === "--help" ? 0 : 2;
  }
  const filter = args[0] === "--filter" ? args[1] ?? "" : "";
  const paths = args[0] === "--filter" ? args.slice(2) : args;
  const files = (await Promise.all(paths.map(filesAt))).flat();
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "internode-on-" }));
  try {
    await build(folder, files);
    const [program, ...before] = runtime.includes("@") ? ["npx", "-y", runtime] : [runtime];
    const scripts = files.map((file) => `${folder}/${file.replace(/\.ts$/, ".js")}`);
    const child = new Deno.Command(program!, {
      args: [...before, `${folder}/tests/runtimes/run.js`, filter, ...scripts],
      cwd: folder,
      env: { NODE_OPTIONS: "--enable-source-maps" },
      stdin: "null",
    }).spawn();
    const onSignal = (): void => child.kill("SIGTERM");
    for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, onSignal);
    return (await child.status).code;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
