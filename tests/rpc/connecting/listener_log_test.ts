import { Manager, sharedSecret, systemTransports } from "@internode/grid";
import { HandlerMap, listen, serve } from "@internode/grid/call";
import { assert, assertEquals } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import type { LinkDelegate } from "../../../lib/driver/link.ts";
import { LinkMaker } from "../../../lib/driver/link_maker.ts";
import { memoryPair } from "../../../lib/transport/memory/memory_channel.ts";
import { systemClock } from "../../../lib/runtime/system_clock.ts";
import { resolveConnectionOptions } from "../../../lib/rpc/connecting/connection_options.ts";
import { ListenerLog } from "../../../lib/rpc/connecting/listener_log.ts";
import { certificates } from "../../support/certificates/certificates.ts";
import { FILES, NET } from "../../support/permitted.ts";
import { QuietLogger } from "../../support/log/quiet.ts";

const SCHEMES = ["tcp", "tls", "ws", "wss", "unix"];

/** Begins a handshake of each kind without a whole word: TLS, HTTP and this protocol's. */
const BEGINNINGS: readonly Uint8Array<ArrayBuffer>[] = [
  new Uint8Array(0),
  Uint8Array.of(22),
  new TextEncoder().encode("GET / HT"),
  Uint8Array.of(16),
];

/** What a prober of that kind says. */
function sayings(scheme: string): readonly Uint8Array<ArrayBuffer>[] {
  const [nothing, tls, http, own] = BEGINNINGS;
  const first = { tcp: own, unix: own, tls, wss: tls, ws: http }[scheme];
  return [nothing!, first!];
}

async function probe(options: Deno.ConnectOptions | string, says: Uint8Array): Promise<void> {
  const conn = typeof options === "string"
    ? await Deno.connect({ transport: "unix", path: options })
    : await Deno.connect(options);
  if (says.length > 0) await conn.write(says);
  conn.close();
}

async function probeAll(address: string, scheme: string, logger: QuietLogger): Promise<void> {
  const port = Number(/:(\d+)/.exec(address)?.[1]);
  const at = scheme === "unix" ? address.slice("unix://".length) : { port, hostname: "127.0.0.1" };
  for (const says of sayings(scheme)) await probe(at, says);
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  while (logger.of("connection_abandoned").length < 2) {
    const loud = logger.shown.filter(({ level }) => level !== "info");
    assertEquals(loud, []);
    await turn();
  }
  assertEquals(logger.of("connection_abandoned").map(({ level }) => level), ["debug", "debug"]);
  for (const { fields } of logger.of("connection_abandoned")) {
    assert(typeof fields["local"] === "string");
  }
}

for (const scheme of SCHEMES) {
  const ignore = !NET || !FILES;
  const address = async (): Promise<[string, () => Promise<void>]> => {
    if (scheme !== "unix") return [`${scheme}://127.0.0.1:0`, () => Promise.resolve()];
    const folder = await Deno.makeTempDir({ prefix: "internode-" });
    return [`unix://${folder}/s`, () => Deno.remove(folder, { recursive: true })];
  };

  Deno.test({
    name: `over ${scheme}, a probe that connects to a service and leaves is for level debug`,
    ignore,
    fn: async () => {
      const [at, remove] = await address(), logger = new QuietLogger();
      const stop = new AbortController(), transports = systemTransports(certificates());
      const listener = await listen(at, new HandlerMap(), { logger, transports });
      const serving = serve(listener, { logger, signal: stop.signal }).finished;
      await probeAll(listener.address, scheme, logger);
      stop.abort();
      await serving;
      assertEquals(logger.shown.map(({ fields }) => fields["event"]), ["server_down"]);
      await remove();
    },
  });

  Deno.test({
    name: `over ${scheme}, a probe that connects to a grid and leaves is for level debug`,
    ignore,
    fn: async () => {
      const [at, remove] = await address(), logger = new QuietLogger();
      const transports = systemTransports(certificates());
      const local = at.replace("127.0.0.1", "localhost");
      const grid = new Manager({ local, hosts: [local], logger, transports });
      const server = await grid.listen();
      await probeAll(server.address, scheme, logger);
      await grid.close();
      assertEquals(logger.shown, []);
      await remove();
    },
  });
}

Deno.test("repeated refusals of unproven peers are logged once, then in sums", () => {
  const logger = new QuietLogger();
  let nowMs = 0;
  const clock = { ...systemClock, now: () => nowMs };
  const log = new ListenerLog("tcp://a:1", logger, clock);
  for (let port = 1; port <= 200; port++, nowMs += 1_000) {
    const message = `Refused tcp://c:${port} at tcp://a:1: the data received is not TLS.`;
    log.onError(new InternodeError("PermissionDenied", message, { origin: "remote" }));
  }
  assertEquals(logger.all.length, 200);
  const warned = logger.shown;
  assertEquals(warned.map(({ level, fields }) => [level, fields["event"], fields["count"]]), [
    ["warn", "connection_refused", 1],
    ["warn", "connection_refused", 60],
    ["warn", "connection_refused", 120],
  ]);
  assertEquals(
    warned[1]!.message,
    "Refused tcp://c:61 at tcp://a:1: the data received is not TLS. " +
      "This happened 60 times since it was last logged.",
  );
});

Deno.test("repeated failures of a listener are logged once, and its recovery too", () => {
  const logger = new QuietLogger();
  let nowMs = 0;
  const clock = { ...systemClock, now: () => nowMs };
  const log = new ListenerLog("tcp://a:1", logger, clock);
  log.onAccepted();
  for (let i = 0; i < 30; i++, nowMs += 1_000) {
    log.onError(new InternodeError("Unreachable", "Too many files.", { origin: "local" }));
  }
  log.onAccepted();
  log.onAccepted();
  const told = logger.shown.map(({ level, fields }) => [level, fields["event"], fields["count"]]);
  assertEquals(told, [["warn", "listener_trouble", 1], ["info", "listener_recovered", 29]]);
});

for (const step of ["checkPeer", "onOpen"] as const) {
  Deno.test(`a fault of this side in ${step} is logged as one, with its stack, and the peer hears at once`, async () => {
    const logger = new QuietLogger(), fault = new TypeError("x is not a function");
    const settings = resolveConnectionOptions({ logger, handshakeTimeoutMs: 60_000 });
    const ended = Promise.withResolvers<InternodeError>(), gone: Promise<void>[] = [];
    const ownerOf = (isFaulty: boolean): LinkDelegate => {
      const { promise, resolve } = Promise.withResolvers<void>();
      gone.push(promise);
      const fail = (at: string): void => {
        if (isFaulty && at === step) throw fault;
      };
      return {
        checkPeer: () => (fail("checkPeer"), null),
        onOpen: () => fail("onOpen"),
        resolve: () => null,
        onDraining() {},
        onClosed: (_link, error) => isFaulty || ended.resolve(error),
        onGone: () => resolve(),
      };
    };
    const [near, far] = memoryPair("far", "near");
    new LinkMaker("b", settings).make(far, "acceptor", "", ownerOf(true));
    new LinkMaker("a", settings).make(near, "dialler", "", ownerOf(false));
    await ended.promise;
    await Promise.all(gone);
    const [line] = logger.of("internal_error");
    assertEquals([line?.level, line?.fields["error"]], ["error", fault]);
    assert(fault.stack?.includes("listener_log_test.ts"));
    assertEquals(line!.fields["remote"], "near");
  });
}

Deno.test("a grid that cannot make a session of what comes in logs it, and closes it", async () => {
  const logger = new QuietLogger(), hosts = ["memory://a"];
  let accept: ((channel: never) => void) | undefined;
  const grid = new Manager({
    local: hosts[0]!,
    hosts,
    logger,
    auth: sharedSecret("a secret of this very test"),
    transports: {
      memory: {
        dial: () => Promise.reject(new Error("nobody dials")),
        listen: (address, options) => {
          accept = options.accept as typeof accept;
          const { promise: finished, resolve } = Promise.withResolvers<void>();
          return Promise.resolve({ address, finished, close: () => (resolve(), finished) });
        },
      },
    },
  });
  await grid.listen();
  let closed = 0;
  const channel = {
    kind: "messages",
    get remote(): string {
      throw new TypeError("no remote");
    },
    close: () => closed++,
  };
  accept!(channel as never);
  const [line] = logger.of("internal_error");
  assertEquals([line?.level, String(line?.fields["error"])], ["error", "TypeError: no remote"]);
  assertEquals(closed, 1);
  await grid.close();
});
