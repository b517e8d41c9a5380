/**
 * Objects of the engine keep their shape, whatever they have been through: else
 * V8 throws away what it has compiled for them, in the midst of traffic.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { freePorts } from "../../tools/network/free_ports.ts";
import { moduleFolder } from "../support/module_folder.ts";
import { NET, RUN } from "../support/permitted.ts";
import { runProgram } from "../support/program.ts";

const ROOT = new URL("../../", import.meta.url);
const PROGRAM = "tests/processes/one_shape_program.ts";
const COPIED = ["lib", "tools/std", "mod.ts", "call.ts", "deno.json", PROGRAM];
/** Where a private name begins, and not a text or a link. */
const PRIVATE = /(?<![\w"'`\/&])#(?=[a-zA-Z_])/g;

const folder = moduleFolder();

Deno.test({
  name: "all objects of a class have one shape, whether or not they had much to do",
  ignore: !RUN || !NET || folder === "",
}, async () => {
  let files = 0;
  const copy = async (path: string): Promise<void> => {
    const from = new URL(path, ROOT), to = `${folder}/${path}`;
    if ((await Deno.stat(from)).isDirectory) {
      for await (const { name } of Deno.readDir(from)) await copy(`${path}/${name}`);
      return;
    }
    await Deno.mkdir(to.slice(0, to.lastIndexOf("/")), { recursive: true });
    const text = await Deno.readTextFile(from);
    // Each file has names of its own, as a class and the one it extends may have the same.
    const isOpened = /\.ts$/.test(path);
    await Deno.writeTextFile(to, isOpened ? text.replace(PRIVATE, `private${++files}_`) : text);
  };
  for (const path of COPIED) await copy(path);
  const flags = ["-A", "--no-check", "--v8-flags=--allow-natives-syntax"];
  const { code, out, err } = await runProgram(
    new URL(`file://${folder}/${PROGRAM}`),
    [...flags, `--config=${folder}/deno.json`],
    freePorts(8).map(String),
  );
  assertEquals(code, 0, err);
  const { classes, several } = JSON.parse(out) as { classes: number; several: string[] };
  assert(classes > 80, out);
  assertEquals(several, [], "fields that are fractions or large later begin with DOUBLE_ZERO");
});
