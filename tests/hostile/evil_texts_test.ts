/** Whatever others write, wherever: no log line, field or error has it as it is. */

import { InternodeError, Manager, single, stream, systemTransports } from "@internode/grid";
import {
  connect,
  constantResolver,
  HandlerMap,
  listen,
  makeMethodKey,
  parseNetEndpoint,
  serve,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { assert, assertEquals } from "@std/assert";
import { dials } from "../../lib/grid/dialler.ts";
import { parseHostAddress } from "../../lib/runtime/host_address.ts";
import type { Channel, Transports } from "../../lib/transport/channel/transport.ts";
import { until } from "../conformance/world.ts";
import { freePorts } from "../../tools/network/free_ports.ts";
import { QuietLogger } from "../support/log/quiet.ts";
import { certificates } from "../support/certificates/certificates.ts";
import { FILES, NET } from "../support/permitted.ts";
import { EVIL_WORDS, EvilPeer, type EvilWord, greet } from "./attacks/evil_peer.ts";
import { EVIL, judgeError, judgeLines, NAMED } from "./attacks/evil_texts.ts";

const SCHEMES = ["tcp", "tls", "ws", "wss", "unix", "memory"];
const PATH = "/internode";
const echo = single("echo", { request: t.record({ text: t.string() }), response: t.string() });
const hold = stream("hold", { inputCapacity: 1, outputCapacity: 1, output: t.string() });

/** Hosts of a scheme, until they are not needed any more. */
class Street implements AsyncDisposable {
  /** All streets together. */
  static #count = 0;
  readonly #scheme: string;
  #folder: string | undefined;

  constructor(scheme: string) {
    this.#scheme = scheme;
  }

  /** A host that dials another one, or is dialled by it. */
  host(other?: string, way?: "dials" | "listens"): string {
    for (;;) {
      const host = this.#next();
      if (other === undefined || dials(host, other) === (way === "dials")) return host;
    }
  }

  #next(): string {
    const scheme = this.#scheme;
    if (scheme === "memory") return `memory://evil-street-${++Street.#count}`;
    if (scheme === "unix") {
      this.#folder ??= Deno.makeTempDirSync({ prefix: "internode-" });
      return `unix://${this.#folder}/${++Street.#count}`;
    }
    return `${scheme}://localhost:${freePorts(1)[0]}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#folder !== undefined) await Deno.remove(this.#folder, { recursive: true });
  }
}

/** What a victim has told. */
class Told {
  readonly logger = new QuietLogger();
  readonly errors: unknown[] = [];

  readonly keep = (error: unknown): void => void this.errors.push(error);

  /** Whether the text has come up at all. */
  get isNamed(): boolean {
    return this.logger.all.some(({ message }) => NAMED.test(message)) ||
      this.errors.some((error) => error instanceof Error && NAMED.test(error.message));
  }

  judge(where: string): void {
    judgeLines(where, this.logger.all);
    for (const error of this.errors) judgeError(where, error);
  }
}

async function say(
  { early, say }: EvilWord,
  channel: Channel,
  role: "dials" | "listens",
  name: string,
): Promise<void> {
  const peer = new EvilPeer(channel);
  if (early !== true) await greet(peer, role, name);
  else if (role === "listens") await peer.next(1);
  await say(peer);
  peer.close();
}

/** Waits for what the end of a connection leads to. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise<void>((done) => setImmediate(done));
}

/** The words are said to a node by one that dials it, or that it dials. */
async function toNode(
  scheme: string,
  transports: Transports,
  word: EvilWord,
  role: "dials" | "listens",
): Promise<void> {
  await using street = new Street(scheme);
  const local = street.host(), evil = street.host(local, role), told = new Told();
  const node = new Manager({
    local,
    hosts: [local, evil],
    transports,
    logger: told.logger,
    path: PATH,
  });
  node.trace(({ error }) => told.keep(error));
  node.handle(echo, ({ text }, { metadata }) => {
    throw new Error(`no echo of ${text} ${Object.entries(metadata).flat().join()}`);
  });
  node.handle(hold, async function* (_opening, _inputs, { signal }) {
    await new Promise((done) => signal.addEventListener("abort", done));
    told.keep(signal.reason);
    yield "";
  });
  const signal = new AbortController();
  const calling = word.answers === true
    ? node.connection(evil).request(echo, { text: "" }, { timeoutMs: 3_000, waitForReady: true })
      .then(() => {}, told.keep)
    : Promise.resolve();
  if (role === "dials") {
    await node.listen();
    const { [scheme]: transport } = transports;
    const channel = await transport!.dial(parseHostAddress(local), {
      signal: signal.signal,
      path: PATH,
    });
    await say(word, channel, role, evil);
  } else {
    const { promise, resolve } = Promise.withResolvers<Channel>();
    const listener = await transports[scheme]!.listen(parseHostAddress(evil), {
      path: PATH,
      accept: resolve,
    });
    node.connect();
    await say(word, await promise, role, evil);
    await listener.close();
  }
  const least = word.early === true ? 1 : 2;
  if (word.answers === true) await calling;
  else await until(() => told.logger.all.length >= least, word.name);
  await settled();
  await node.close({ graceMs: 0 });
  told.judge(`${word.name}, ${scheme}, the node's peer ${role}`);
  if (word.isTold === true) assert(told.isNamed, `nobody was told of ${word.name}`);
}

/** The words are said to a server by its client. */
async function toServer(scheme: string, transports: Transports, word: EvilWord): Promise<void> {
  await using street = new Street(scheme);
  const told = new Told(), stop = new AbortController(), handlers = new HandlerMap();
  const listener = await listen(
    `${street.host()}${scheme.startsWith("ws") ? PATH : ""}`,
    handlers,
    {
      transports,
      logger: told.logger,
    },
  );
  const serving =
    serve(listener, { logger: told.logger, signal: stop.signal, graceMs: 0 }).finished;
  const { host } = parseNetEndpoint(listener.address);
  const channel = await transports[scheme]!.dial(host, { signal: stop.signal, path: PATH });
  await say(word, channel, "dials", "client");
  await until(
    () =>
      told.logger.of("client_down").length + told.logger.of("connection_abandoned").length +
          told.logger.of("connection_refused").length > 0,
    word.name,
  );
  await settled();
  stop.abort();
  await serving;
  told.judge(`${word.name}, ${scheme}, a server's client`);
}

/** The words are said to a client by the server that it has dialled. */
async function toClient(scheme: string, transports: Transports, word: EvilWord): Promise<void> {
  await using street = new Street(scheme);
  const told = new Told(), evil = street.host();
  const { promise, resolve } = Promise.withResolvers<Channel>();
  const server = await transports[scheme]!.listen(parseHostAddress(evil), {
    path: PATH,
    accept: resolve,
  });
  const endpoint = parseNetEndpoint(`${evil}${scheme.startsWith("ws") ? PATH : ""}`, {
    transports,
  });
  const client = await connect(constantResolver(endpoint), { logger: told.logger });
  const calling = client.call(makeMethodKey("evil", "echo"), new Uint8Array(1), {
    timeoutMs: 2_000,
  })
    .then(() => {}, told.keep);
  await say(word, await promise, "listens", evil);
  await server.close();
  await settled();
  await client.close({ graceMs: 0 });
  await calling;
  told.judge(`${word.name}, ${scheme}, a client's server`);
}

for (const scheme of SCHEMES) {
  const ignore = !NET || !FILES || (scheme === "unix" && Deno.build.os === "windows");
  const name = `over ${scheme}, whatever text a peer sends is logged as plain text`;
  Deno.test({ name, ignore }, async (test) => {
    const transports = systemTransports(certificates());
    for (const word of EVIL_WORDS) {
      await test.step(word.name, async () => {
        await toNode(scheme, transports, word, "dials");
        await toNode(scheme, transports, word, "listens");
        if (word.answers !== true) await toServer(scheme, transports, word);
        await toClient(scheme, transports, word);
      });
    }
  });
}

/** What peers can do without a proof. */
const STRANGE = EVIL_WORDS.filter(({ answers }) => answers !== true);
const TIMES_EACH = 12;

for (const scheme of SCHEMES) {
  const ignore = !NET || !FILES || (scheme === "unix" && Deno.build.os === "windows");
  const name =
    `over ${scheme}, what unproven peers cause is logged once, then counted, on both faces`;
  Deno.test({ name, ignore }, async () => {
    await using street = new Street(scheme);
    const transports = systemTransports(certificates());
    const { signal } = new AbortController(), { [scheme]: transport } = transports;
    const stop = new AbortController(), server = new QuietLogger(), grid = new QuietLogger();
    const handlers = new HandlerMap();
    const address = `${street.host()}${scheme.startsWith("ws") ? PATH : ""}`;
    const listener = await listen(address, handlers, { transports, logger: server });
    const serving = serve(listener, { logger: server, signal: stop.signal, graceMs: 0 }).finished;
    const local = street.host(), peer = street.host(local, "dials");
    const node = new Manager({ local, hosts: [local, peer], transports, logger: grid, path: PATH });
    await node.listen();
    const served = parseNetEndpoint(listener.address).host;
    for (const host of [served, parseHostAddress(local)]) {
      for (let time = 0; time < TIMES_EACH; time++) {
        for (const word of STRANGE) {
          // Nobody in the grid has such a name, so nobody gets past the handshake.
          if (host !== served && word.early !== true) continue;
          const channel = await transport!.dial(host, { signal, path: PATH });
          await say(word, channel, "dials", `client ${time}`);
        }
      }
    }
    const early = STRANGE.filter((word) => word.early === true);
    for (
      const [face, logger, words] of [["a server", server, STRANGE], [
        "a node",
        grid,
        early,
      ]] as const
    ) {
      const ends = ["client_down", "connection_abandoned", "connection_refused"];
      const told = (): number =>
        ends.map((event) => logger.of(event).length).reduce((a, b) => a + b);
      await until(() => told() >= words.length * TIMES_EACH, `${face} has heard of all`);
      const loud = logger.all.filter(({ level }) => level === "warn" || level === "error");
      const texts = new Set(loud.map(({ message }) => message.replace(/\d+/g, "0")));
      assertEquals(loud.length, texts.size, `${face} repeats itself`);
      assert(loud.length <= words.length, `${face} has told ${loud.length} lines`);
    }
    stop.abort();
    await serving;
    await node.close({ graceMs: 0 });
  });
}

Deno.test("the check of logged texts finds characters that are not plain", () => {
  let found = 0;
  for (const mark of ["\n", "\u001b", "\u0085", "\u2028", "\u202e", "\u200b", "\ufeff", "\ud800"]) {
    try {
      judgeError("here", new InternodeError("Closed", "a", { cause: new Error(`b${mark}`) }));
    } catch {
      found++;
    }
  }
  assertEquals(found, 8);
  assert(NAMED.test(EVIL));
});
