/** Which hosts a command asks, and how: context files, environment, options. @module */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { CONNECTION_OPTIONS } from "../../lib/cli/context/connection_settings.ts";
import { readSettings } from "../../lib/cli/context/read_settings.ts";
import { readArguments } from "../../lib/cli/arguments/read_arguments.ts";
import { Printer } from "../../lib/cli/output/printer.ts";
import { type FakeOptions, FakeSurroundings, runFake } from "./fake_surroundings.ts";

const HOME = { HOME: "/ada" };
const PATH = "/ada/.config/internode/default.json";

async function settings(args: readonly string[], options: FakeOptions) {
  const around = new FakeSurroundings(options);
  const { terminal, files, env, clock } = around;
  const printer = new Printer(terminal, undefined, () => {});
  const { signal } = new AbortController();
  const given = readArguments({
    name: "x",
    about: "",
    operands: [],
    options: CONNECTION_OPTIONS,
    examples: [],
    run: () => Promise.resolve(0),
  }, args);
  if (given === "help") throw new Error("there is no help");
  return await readSettings(given.options, { terminal, files, env, clock, printer, signal });
}

Deno.test("without anything there are defaults", async () => {
  const found = await settings([], { env: HOME });
  assertEquals([found.hosts, found.name, found.timeoutMs, found.source], [
    [],
    "internode",
    5_000,
    PATH,
  ]);
  assertEquals([found.secret, found.token, found.resolver], [undefined, undefined, null]);
});

Deno.test("a context file is found by its name, its path, or the environment", async () => {
  const text = (name: string): string => JSON.stringify({ name });
  const files = {
    [PATH]: text("usual"),
    "/ada/.config/internode/prod.json": text("prod"),
    "/xdg/internode/prod.json": text("xdg"),
    "./own.json": text("own"),
  };
  const nameOf = async (args: string[], env: Record<string, string> = HOME) =>
    (await settings(args, { files, env })).name;
  assertEquals(await nameOf([]), "usual");
  assertEquals(await nameOf(["--context", "prod"]), "prod");
  assertEquals(await nameOf(["--context", "./own.json"]), "own");
  assertEquals(await nameOf([], { ...HOME, INTERNODE_CONTEXT: "prod" }), "prod");
  assertEquals(await nameOf(["--context=prod"], { ...HOME, XDG_CONFIG_HOME: "/xdg" }), "xdg");
  assertEquals(await nameOf(["--name", "me"]), "me");
});

Deno.test("a context has everything, with paths that begin at its folder", async () => {
  const context = {
    hosts: ["tcp://a:1"],
    name: "ops",
    secretFile: "secret.txt",
    tokenEnv: "TOKEN",
    tls: { certFile: "cert.pem", keyFile: "/etc/key.pem", caFile: "ca.pem", serverName: "grid" },
    timeoutMs: 250,
  };
  const found = await settings(["--ca-file", "other.pem", "--timeout", "2s"], {
    env: { ...HOME, TOKEN: "a token" },
    files: {
      [PATH]: JSON.stringify(context),
      "/ada/.config/internode/secret.txt": "a secret of 16 bytes\n",
    },
  });
  assertEquals(found, {
    hosts: ["tcp://a:1"],
    resolver: null,
    name: "ops",
    secret: "a secret of 16 bytes",
    token: "a token",
    tls: {
      certFile: "/ada/.config/internode/cert.pem",
      keyFile: "/etc/key.pem",
      caFile: "other.pem",
      crlFile: undefined,
      serverName: "grid",
    },
    timeoutMs: 2_000,
    source: PATH,
  });
});

Deno.test("the secret comes from option, environment or context, in this order", async () => {
  const files = { [PATH]: '{"secretEnv":"STORED"}', "one.txt": "one", "two.txt": "two" };
  const env: Record<string, string> = { ...HOME, STORED: "stored" };
  const secretOf = async (args: string[], more: Record<string, string> = {}) =>
    (await settings(args, { files, env: { ...env, ...more } })).secret;
  assertEquals(await secretOf([]), "stored");
  assertEquals(await secretOf([], { INTERNODE_SECRET_FILE: "two.txt" }), "two");
  assertEquals(await secretOf([], { INTERNODE_SECRET: "env" }), "env");
  assertEquals(await secretOf(["--secret-file", "one.txt"], { INTERNODE_SECRET: "env" }), "one");
});

for (
  const [text, message] of [
    ["{", "this is no JSON"],
    ["[]", "the context must be an object"],
    ['{"secret":"x"}', "the secret must not stand here. Put it into a file"],
    ['{"token":"x"}', "the token must not stand here"],
    ['{"host":["a"]}', 'there is no "host". Do you mean hosts?'],
    ['{"tls":{"cert":"x"}}', 'there is no "cert". There are: certFile'],
    ['{"hosts":"tcp://a:1"}', "hosts must be a list of URLs"],
    ['{"timeoutMs":0}', "timeoutMs must be a number above 0"],
    ['{"name":1}', "name must be a text"],
    ['{"secretEnv":"NOT_SET"}', "says that NOT_SET has the secret, and it is not set"],
    ['{"secretFile":"none.txt"}', "The file of a secret cannot be read"],
    ['{"resolver":{}}', "resolver must have one of"],
    ["{}", 'No host is given. Give the URL of one or more, or write "hosts" into'],
    ['{"resolver":{"file":{"path":"/none/hosts.txt"}}}', "The resolver of"],
    ['{"hosts":["nonsense"]}', "nonsense"],
    ['{"hosts":["tcp://a:1"],"tls":{"keyFile":"k"}}', "there is no certFile and no caFile."],
  ] as const
) {
  Deno.test(`a context that makes no sense is explained: ${text}`, async () => {
    const { status, out, err } = await runFake(["certs"], { env: HOME, files: { [PATH]: text } });
    assertEquals([status, out], [2, ""], err);
    assertStringIncludes(err, message);
  });
}

Deno.test("a context that is named must be there", async () => {
  const { status, err } = await runFake(["certs", "--context", "prod"], { env: HOME });
  assertEquals(status, 2);
  assertStringIncludes(err, "The context cannot be read");
  assertStringIncludes(err, "/ada/.config/internode/prod.json");
});
