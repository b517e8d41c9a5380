import { assert, assertEquals } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { manifestOf, PROGRAMS } from "../../tools/package/manifest.ts";

/** What the compiler wants when it is loaded. */
const ignore = (["read", "env"] as const).some((name) =>
  Deno.permissions.querySync({ name }).state !== "granted"
);
const { default: ts } = (ignore ? {} : await import("typescript")) as {
  default: typeof import("typescript");
};
const { compile } = ignore
  ? {} as typeof import("../../tools/package/compile.ts")
  : await import("../../tools/package/compile.ts");

const ROOT = decodeURIComponent(new URL("../../", import.meta.url).pathname).replace(/\/$/, "");
const MSGPACK = "vendor/std/msgpack/mod.js";

Deno.test({
  name:
    "the package for npm has a module with types for each entry, and imports nothing that npm does not know",
  ignore,
}, () => {
  const entries = [...Object.values(config.exports), ...Object.values(PROGRAMS)]
    .map((path) => path.slice("./".length));
  const files = compile(ROOT, entries, new Map([["@std/msgpack", MSGPACK]]));
  const { exports, bin } = manifestOf(config) as {
    exports: Record<string, { types: string; default: string }>;
    bin: Record<string, string>;
  };
  for (const module of Object.values(bin)) {
    assert(files.get(module.slice(2))?.startsWith("#!/usr/bin/env node\n"), module);
  }
  for (const entry of Object.keys(config.exports)) {
    const { types, default: module } = exports[entry]!;
    assert(files.has(types.slice(2)) && files.has(module.slice(2)), entry);
  }
  const outside = new Set<string>();
  for (const [path, text] of files) {
    if (path.endsWith(".map")) continue;
    for (const { fileName: specifier } of ts.preProcessFile(text).importedFiles) {
      const target = new URL(specifier, `file:///${path}`).pathname.slice(1);
      if (!specifier.startsWith(".")) outside.add(specifier);
      else assert(target === MSGPACK || files.has(target), `${path} imports ${specifier}`);
    }
  }
  const packages = [...outside].filter((specifier) => !specifier.startsWith("node:"));
  assertEquals(packages, ["jose", "@opentelemetry/api"]);
});

Deno.test({ name: "no module of the package calls what Node 24 lacks", ignore }, () => {
  const missing = /\bUint8Array\.from(?:Hex|Base64)\(|\.to(?:Hex|Base64)\(/;
  for (const [path, text] of compile(ROOT, ["mod.ts", "call.ts"], new Map())) {
    // Examples in comments are for those who have it.
    const code = text.replaceAll(/^\s*\*.*$/gm, "");
    if (path.endsWith(".js")) assertEquals(missing.exec(code)?.[0], undefined, path);
  }
});

Deno.test({ name: "no syntax of the package for npm is newer than ES2022", ignore }, () => {
  const using = (stripped: boolean): boolean => {
    const files = compile(ROOT, ["lib/discovery/file_resolver.ts"], new Map(), stripped);
    return /^\s*(?:await )?using /m.test(files.get("lib/discovery/file_resolver.js")!);
  };
  // As JSR serves it, the same module has it.
  assertEquals([using(false), using(true)], [false, true]);
});
