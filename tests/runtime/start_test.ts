/**
 * What a program loads by importing this library: not what few of them use.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { freePorts } from "../../tools/network/free_ports.ts";
import { FILES, NET, RUN } from "../support/permitted.ts";

const ignore = !RUN || !FILES;
const ROOT = new URL("../../", import.meta.url);
/** What is loaded when it is used: modules of Node and npm, and what stands on them. */
const HEAVY: readonly RegExp[] = [
  /^node:/,
  /^npm:/,
  /\/lib\/transport\/(?:tcp\/tcp|tls\/tls|tls\/tls_open|unix\/unix|websocket\/web_socket)\.ts$/,
  /\/lib\/transport\/(?:mtls\/mtls_(?:dial|listen|handshake)|websocket\/native_web_socket_transport)\.ts$/,
];
/** Entries, and what they load all the same: dynamic values are written by a package. */
const ENTRIES: readonly (readonly [entry: string, allowed: RegExp | null])[] = [
  ["mod.ts", null],
  ["call.ts", null],
  ["lib/codec/mod.ts", /^npm:.*msgpack/],
  ["lib/patterns/mod.ts", /^npm:.*msgpack/],
];

interface Graph {
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly {
      readonly isDynamic?: boolean;
      readonly code?: { readonly specifier?: string };
    }[];
  }[];
}

/** All that is loaded with a module, each with the way to it. */
async function loadedBy(entry: string): Promise<Map<string, string>> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", new URL(entry, ROOT).href],
    cwd: decodeURIComponent(ROOT.pathname),
  }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as Graph;
  const known = new Map(modules.map((module) => [module.specifier, module]));
  const start = new URL(entry, ROOT).href;
  const ways = new Map([[start, entry]]);
  for (const [specifier, way] of ways) {
    for (const { isDynamic, code } of known.get(specifier)?.dependencies ?? []) {
      const next = code?.specifier;
      if (isDynamic === true || next === undefined || ways.has(next)) continue;
      ways.set(next, `${way} > ${next.replace(ROOT.href, "")}`);
    }
  }
  return ways;
}

for (const [entry, allowed] of ENTRIES) {
  Deno.test({
    name: `importing ${entry} loads nothing that few need`,
    ignore,
    async fn() {
      const loaded = await loadedBy(entry);
      assert(loaded.size > 20, `${loaded.size} modules`);
      const heavy = [...loaded]
        .filter(([name]) => HEAVY.some((one) => one.test(name)))
        .filter(([name]) => allowed?.test(name) !== true);
      assertEquals(heavy.map(([, way]) => way), []);
    },
  });
}

Deno.test({
  name: "importing does not ask for process, with which Deno loads much of Node",
  ignore,
  async fn() {
    const program = `
      Object.defineProperty(globalThis, "process", {
        get() { throw new Error("process was asked for"); },
      });
      for (const entry of ["mod.ts", "call.ts"]) await import("${ROOT.href}" + entry);
      console.log("fine");
    `;
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-check", program],
      cwd: decodeURIComponent(ROOT.pathname),
    }).output();
    assertMatch(new TextDecoder().decode(stdout), /fine/, new TextDecoder().decode(stderr));
  },
});

Deno.test({
  name:
    "nodes that listen together can call each other at once, though no transport was loaded yet",
  ignore: ignore || !NET,
  async fn() {
    const [one, other] = freePorts(2).map((port) => `tcp://127.0.0.1:${port}`);
    const program = `
      import { Manager, single } from "${ROOT.href}mod.ts";
      const echo = single("echo"), hosts = ["${one}", "${other}"];
      const nodes = hosts.map((local) => new Manager({ local, hosts }));
      nodes[1].handle(echo, (request) => request);
      await Promise.all(nodes.map((node) => node.listen()));
      await nodes[0].connection(hosts[1]).request(echo, new Uint8Array(1));
      await Promise.all(nodes.map((node) => node.close()));
      console.log("fine");
    `;
    // What goes wrong here does so in two of three.
    for (let attempt = 0; attempt < 3; attempt++) {
      const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["eval", "--no-check", program],
        cwd: decodeURIComponent(ROOT.pathname),
      }).output();
      assertMatch(new TextDecoder().decode(stdout), /fine/, new TextDecoder().decode(stderr));
    }
  },
});
