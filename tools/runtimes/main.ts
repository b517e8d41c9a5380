/**
 * Runs test files on another runtime: `deno task test:on node@24.21.0 [PATH…]`.
 * The very files that Deno runs are compiled as the package for npm is, into a
 * folder that is removed afterwards.
 *
 * @module
 */

import { isThere, testFilesAt } from "../tests/test_files.ts";
import { ALONE } from "../tests/test_groups.ts";
import { build, programOf } from "./build.ts";

const HELP = `Usage: deno task test:on RUNTIME [--filter TEXT] [PATH…]

RUNTIME is what npx brings, such as node@24.21.0 or bun@1.4.5, or the path of a program.
PATH is a test file, or a folder of them. Without one, those run that pass on Node and Bun in CI.`;

const IN_CI = [
  "tests/admin",
  "tests/conformance/grid_test.ts",
  "tests/conformance/upgrade_test.ts",
  "tests/auth/auth_test.ts",
  "tests/call/balancers",
  "tests/call/client",
  "tests/call/server",
  "tests/call/service_connection_test.ts",
  "tests/call/workers",
  "tests/discovery",
  "tests/examples/examples_test.ts",
  "tests/examples/two_processes_test.ts",
  "tests/faces",
  "tests/grid/guests",
  "tests/grid/mutual_tls_test.ts",
  "tests/grid/revocation_test.ts",
  "tests/grid/rotation_test.ts",
  "tests/hostile/evil_places_test.ts",
  "tests/hostile/evil_texts_test.ts",
  "tests/hostile/floods_test.ts",
  "tests/hostile/hostile_test.ts",
  "tests/hostile/unproven_count_test.ts",
  "tests/operations",
  "tests/otel",
  "tests/patterns",
  "tests/rpc/inspection",
  "tests/rpc/interceptors",
  "tests/rpc/metering",
  "tests/rpc/serving/foreign_code_test.ts",
  "tests/runtime/abort_test.ts",
  "tests/runtime/http_client_test.ts",
  "tests/runtime/process_facts_test.ts",
  "tests/runtime/socket_reader_test.ts",
  "tests/runtimes",
  "tests/transport/certificates",
  "tests/transport/channel",
  "tests/transport/memory",
  "tests/transport/mtls",
  "tests/transport/tcp",
  "tests/transport/tls",
  "tests/transport/unix",
  "tests/transport/websocket/server_web_socket_test.ts",
  "tests/transport/websocket/web_socket_test.ts",
];

/** Long simulations, in which nothing is a runtime's. */
const LEFT_OUT_IN_CI = ["tests/call/client/client_soak_test.ts"];

/** Runs test files in a process of their own. */
async function runIn(
  folder: string,
  runtime: string,
  filter: string,
  files: readonly string[],
): Promise<number> {
  const [program, ...before] = programOf(runtime);
  const scripts = files.map((file) => `${folder}/${file.replace(/\.ts$/, ".js")}`);
  const child = new Deno.Command(program, {
    args: [...before, `${folder}/tests/runtimes/run.js`, filter, ...scripts],
    cwd: folder,
    env: { NODE_OPTIONS: "--enable-source-maps" },
    stdin: "null",
  }).spawn();
  const signals = ["SIGINT", "SIGTERM"] as const, onSignal = (): void => child.kill("SIGTERM");
  for (const signal of signals) Deno.addSignalListener(signal, onSignal);
  const { code } = await child.status;
  for (const signal of signals) Deno.removeSignalListener(signal, onSignal);
  return code;
}

async function main([runtime, ...args]: readonly string[]): Promise<number> {
  if (runtime === undefined || runtime.startsWith("-")) {
    console.log(HELP);
    return runtime === "--help" ? 0 : 2;
  }
  const filter = args[0] === "--filter" ? args[1] ?? "" : "";
  const paths = args[0] === "--filter" ? args.slice(2) : args;
  for (const path of paths) {
    if (isThere(path)) continue;
    console.error(
      `There is no ${path} in the repository. PATH is a test file, or a folder of them.`,
    );
    return 2;
  }
  const files = paths.length > 0
    ? paths.flatMap(testFilesAt)
    : IN_CI.flatMap(testFilesAt).filter((file) => !LEFT_OUT_IN_CI.includes(file));
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "internode-on-" }));
  try {
    await build(folder, ["tests/runtimes/run.ts", ...files]);
    const run = (some: readonly string[]): Promise<number> => runIn(folder, runtime, filter, some);
    if (paths.length > 0) return await run(files);
    // Most of them wait for most of their time.
    const beside = files.filter((file) => !ALONE.has(file));
    const codes = await Promise.all(
      [0, 1].map((nth) => run(beside.filter((_, i) => i % 2 === nth))),
    );
    codes.push(await run(files.filter((file) => ALONE.has(file))));
    return codes.find((code) => code !== 0) ?? 0;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
