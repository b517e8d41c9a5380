/**
 * Each rule of the lint plugin: what it catches, and what it lets pass.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { MAX_LINES } from "../../tools/lint/file_rules.ts";
import plugin from "../../tools/lint_plugin.ts";

/** The rules that a source breaks at a path, in order, by their short names. */
function broken(path: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, path, source)
    .map((diagnostic) => diagnostic.id.replace("internode/", ""));
}

function assertClean(path: string, ...sources: string[]): void {
  for (const source of sources) assertEquals(broken(path, source), [], `${path}: ${source}`);
}

function assertBreaks(path: string, rule: string, ...sources: string[]): void {
  for (const source of sources) assertEquals(broken(path, source), [rule], `${path}: ${source}`);
}

Deno.test("lint: an import goes up the list of rooms, in whatever form it is written", () => {
  assertBreaks(
    "lib/wire/frame.ts",
    "layer-order",
    `import { Session } from "../session/session.ts";`,
    `import type { Session } from "../session/session.ts";`,
    `export * from "../session/session.ts";`,
    `export { Session } from "../session/session.ts";`,
    `await import("../session/session.ts");`,
    `type S = import("../session/session.ts").Session;`,
  );
  assertBreaks("lib/errors.ts", "layer-order", `import "./wire/frame.ts";`);
  assertBreaks("lib/grid/manager.ts", "layer-order", `import "../testing/cluster.ts";`);
  assertClean(
    "lib/session/session.ts",
    `import "./lane.ts"; import "../wire/frame.ts"; import "../codec/codec.ts"; import "../errors.ts";`,
  );
  assertClean("lib/testing/cluster.ts", `import "../grid/manager.ts"; export const x = 1;`);
});

Deno.test("lint: lib imports nothing from outside itself, and every room is known", () => {
  assertBreaks("lib/call/connect.ts", "layer-order", `import "../grid/manager.ts";`);
  assertBreaks("lib/grid/manager.ts", "layer-order", `import "../call/connect.ts";`);
  assertBreaks("lib/grid/manager.ts", "layer-order", `import "../../mod.ts";`);
  assertBreaks("lib/grid/manager.ts", "layer-order", `import "../../tests/peer.ts";`);
  assertBreaks("lib/utils/strings.ts", "layer-order", `export const x = 1;`);
  assertClean("tests/grid/manager_test.ts", `import "../../mod.ts";`);
});

Deno.test("lint: only listed packages are imported, and the runtime's modules at the edge only", () => {
  assertBreaks("lib/wire/frame.ts", "dependencies", `import "@std/msgpack";`);
  assertBreaks(
    "lib/codec/records/record.ts",
    "dependencies",
    `import "zod";`,
    `import "node:buffer";`,
  );
  assertBreaks("lib/grid/manager.ts", "dependencies", `import "@internode/grid";`);
  assertBreaks(
    "lib/grid/manager.ts",
    "dependencies",
    `import "node:net";`,
    `import "npm:x@1.0.0";`,
  );
  assertClean("lib/codec/values/dynamic.ts", `import "@std/msgpack";`);
  assertClean("lib/transport/tls/tls.ts", `import "node:tls";`);
  assertBreaks("lib/transport/tcp/tcp.ts", "dependencies", `import "node:net";`);
  assertClean("lib/runtime/node/node_socket.ts", `import "node:net";`);
  const api = `import "@opentelemetry/api";`;
  assertClean("lib/otel/otel_span.ts", api, `import type { Span } from "../grid/tracer.ts";`);
  assertBreaks("lib/rpc/contract/tracer.ts", "dependencies", api);
  assertBreaks("lib/otel/otel_span.ts", "dependencies", `import "npm:x@1.0.0";`);
  assertBreaks("lib/otel/otel_span.ts", "layer-order", `import "../testing/mod.ts";`);
});

Deno.test("lint: only lib/runtime names a runtime, and only the edge what touches it", () => {
  for (const path of ["lib/wire/a.ts", "lib/session/a.ts", "lib/grid/a.ts", "lib/testing/a.ts"]) {
    assertBreaks(
      path,
      "edge-only",
      `Deno.exit();`,
      `let socket: WebSocket;`,
      `new WebSocket("ws://a");`,
    );
  }
  assertBreaks("lib/grid/a.ts", "edge-only", `globalThis.Deno.exit();`);
  for (const path of ["lib/transport/tcp/tcp.ts", "lib/driver/link.ts", "lib/discovery/dns.ts"]) {
    assertBreaks(
      path,
      "edge-only",
      `Deno.connect({ port: 1 });`,
      `type Conn = Deno.Conn;`,
      `Bun.serve({});`,
      `process.exit();`,
    );
    assertClean(path, `new WebSocket("ws://a");`);
  }
  assertClean(
    "lib/runtime/deno/deno_files.ts",
    `Deno.statSync("a"); Bun.serve({}); process.exit();`,
  );
});

Deno.test("lint: the pure rooms name no clock, timer, chance or output", () => {
  const impure = [
    `setTimeout(f, 1);`,
    `setInterval(f, 1);`,
    `queueMicrotask(f);`,
    `performance.now();`,
    `Date.now();`,
    `const now = Date.now;`,
    `Date["now"]();`,
    `new Date();`,
    `Date();`,
    `Math.random();`,
    `crypto.subtle;`,
    `console.log(1);`,
    `fetch("a");`,
    `AbortSignal.timeout(1);`,
    `globalThis.setTimeout(f, 1);`,
    `const { random } = { random: () => fetch };`,
    `const o = { fetch };`,
  ];
  for (
    const path of [
      "lib/errors.ts",
      "lib/foreign/a.ts",
      "lib/wire/a.ts",
      "lib/codec/a.ts",
      "lib/session/a.ts",
    ]
  ) {
    assertBreaks(path, "pure-rooms", ...impure);
  }
});

Deno.test("lint: names that are keys, or declared nearby, are no globals", () => {
  assertClean(
    "lib/session/a.ts",
    `new Date(12); Date.UTC(2020); Math.floor(1.5);`,
    `options.fetch(); clock.setTimeout(f, 1); this.console; random.random();`,
    `interface Options { fetch: string; performance(): void; }`,
    `const options = { console: 1 };`,
    `class A { crypto = 1; fetch() {} }`,
    `function f(performance: number) { return performance; }`,
    `function f({ fetch, x: crypto = 1 }: Options) { return [fetch, crypto]; }`,
    `const f = ([console]: string[], ...fetch: string[]) => [console, fetch];`,
    `type F = (performance: number) => void;`,
    `import { fetch } from "./fetch.ts"; fetch();`,
    `for (const self of list) use(self);`,
    `try { f(); } catch (self) { use(self); }`,
    `{ const crypto = 1; use(crypto); }`,
  );
  assertBreaks(
    "lib/session/a.ts",
    "pure-rooms",
    `{ const crypto = 1; use(crypto); } crypto.subtle;`,
  );
});

Deno.test("lint: outside the edge, time and chance are injected", () => {
  for (const path of ["lib/grid/a.ts", "lib/call/a.ts", "lib/testing/a.ts"]) {
    assertBreaks(
      path,
      "injected-time",
      `Date.now();`,
      `new Date();`,
      `performance.now();`,
      `Math.random();`,
      `setTimeout(f, 1);`,
      `crypto.randomUUID();`,
      `AbortSignal.timeout(1);`,
    );
    assertClean(path, `queueMicrotask(f); console.warn(1); clock.setTimeout(f, 1);`);
  }
  assertClean("lib/runtime/clock.ts", `performance.now(); setTimeout(f, 1); Math.random();`);
  assertClean("bench/rpc/main.ts", `performance.now(); setTimeout(f, 1); Math.random();`);
});

Deno.test("lint: tests do not sleep", () => {
  assertBreaks(
    "tests/grid/a_test.ts",
    "no-sleep",
    `await delay(10);`,
    `setTimeout(f, 1);`,
    `globalThis.setTimeout(f, 1);`,
  );
  assertClean(
    "tests/grid/a_test.ts",
    `clock.setTimeout(f, 1); network.delay(5);`,
    `await deadline(p, 1);`,
  );
  assertClean("examples/a/main.ts", `setTimeout(f, 1);`);
});

Deno.test("lint: fields for times do not begin as integers where code runs for each message", () => {
  assertBreaks(
    "lib/session/keepalive.ts",
    "fractional-times",
    `class K { #sentMs = 0; }`,
    `class K { sentMs: number = -1; }`,
    `class K { ms = 5; }`,
  );
  assertClean(
    "lib/session/keepalive.ts",
    `class K { #sentMs = DOUBLE_ZERO; #endMs = -Infinity; #n = 0; #atMs; nowMs = 0.5; readonly ms = 5; }`,
  );
  assertClean("lib/grid/manager.ts", `class K { #sentMs = 0; }`);
});

Deno.test("lint: a file ends before it is too long", () => {
  const lines = (count: number) => "f();\n".repeat(count);
  for (const room of ["lib/grid", "tests/grid", "bench", "examples/a", "tools"]) {
    assertClean(`${room}/a.ts`, lines(MAX_LINES));
    assertBreaks(`${room}/a.ts`, "file-length", lines(MAX_LINES + 1));
  }
});

Deno.test("lint: a file is recognised by its whole path as well", () => {
  const path = new URL("../../lib/wire/a.ts", import.meta.url).pathname;
  assertBreaks(decodeURIComponent(path), "pure-rooms", `Math.random();`);
});

Deno.test("lint: what users throw is looked at by functions that never throw", () => {
  assertBreaks(
    "lib/grid/a.ts",
    "foreign-errors",
    `error instanceof Error;`,
    `error instanceof InternodeError;`,
    `String(thrown);`,
    "`it failed: ${cause}`;",
  );
  assertClean(
    "lib/grid/a.ts",
    `x instanceof Uint8Array; String(5);`,
    "`${error.message} ${host}`;",
  );
  assertClean("lib/foreign/a.ts", `error instanceof Error; String(error);`);
  assertClean("tests/grid/a.ts", `error instanceof Error;`);
});
