/**
 * What a user with the strictest of compilers writes for a network: two nodes
 * that call each other, over TCP or, with a folder for each, by mutual TLS.
 * It takes both hosts, and the folders that `deno task certs` has made for them.
 *
 * @module
 */

import { createServer, type Server } from "node:http";
import process from "node:process";
import { Manager, type MtlsFileConfig, single, type SingleContract, stream } from "@internode/grid";
import * as t from "@internode/grid/codec";

const greet: SingleContract<string, string> = single("greet", {
  request: t.string(),
  response: t.string(),
});

const doubled = stream("doubled", {
  initial: t.nothing(),
  input: t.bytes(),
  output: t.uint(),
  inputCapacity: 4,
  outputCapacity: 4,
});

function credentials(folder: string | undefined): { tls: MtlsFileConfig } | undefined {
  if (folder === undefined) return undefined;
  return {
    tls: {
      certFile: `${folder}/cert.pem`,
      keyFile: `${folder}/key.pem`,
      caFile: `${folder}/ca.pem`,
    },
  };
}

async function nodes(first: string, second: string, folders: readonly string[]): Promise<string> {
  const hosts = [first, second];
  await using one = new Manager({ local: first, hosts, ...credentials(folders[0]) });
  await using two = new Manager({ local: second, hosts, ...credentials(folders[1]) });
  one.handle(doubled, async function* (_, input) {
    for await (const bytes of input) yield bytes.length * 2;
  });
  for (const node of [one, two]) node.handle(greet, (name) => `Hello ${name}`);
  await Promise.all([one.listen(), two.listen()]);

  const there = one.connection(second), back = two.connection(first);
  const ready = { waitForReady: true, timeoutMs: 10_000 };
  const said = [await there.request(greet, "two", ready), await back.request(greet, "one", ready)];
  await using doubling = back.stream(doubled, undefined);
  for (const size of [1, 100_000]) await doubling.send(new Uint8Array(size));
  doubling.end();
  for await (const size of doubling) said.push(`${size}`);
  return said.join(" ");
}

/** A node inside a server of its own. */
export function mounted(grid: Manager): Server {
  const server = createServer((_, response) => response.end("a page"));
  return server.on("upgrade", (request, socket, head) => {
    const { remoteAddress } = request.socket;
    grid.upgradeSocket(request, socket, head, { remoteAddress });
  });
}

if (import.meta.main) {
  const [first, second, ...folders] = process.argv.slice(2);
  if (first === undefined || second === undefined) throw new Error("give two hosts");
  console.log(await nodes(first, second, folders));
}
