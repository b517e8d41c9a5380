import { HandlerMap, listen, memory, parseNetEndpoint, tcp, ws } from "@internode/grid/call";
import type { ServiceListener, ServiceListenOptions } from "@internode/grid/call";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import type { Logger } from "../../../lib/rpc/contract/logger.ts";
import { parseHostAddress } from "../../../lib/runtime/host_address.ts";
import { memoryTransport } from "../../../lib/transport/memory/memory.ts";
import { sharingProblem } from "../../../lib/transport/tcp/shared_port.ts";
import type {
  Channel,
  Listener,
  ListenOptions,
  Transport,
} from "../../../lib/transport/channel/transport.ts";
import { NO_VERDICTS } from "../../support/foreign/no_verdicts.ts";
import { turns } from "../../support/channels/acceptor.ts";
import { closeBoth } from "../../support/channels/channel_conformance.ts";
import { pipeOf } from "../../support/channels/channel_pipe.ts";
import { FILES, NET } from "../../support/permitted.ts";

const { signal } = new AbortController();
const handlers = new HandlerMap();

/** A channel that only knows whether it is closed. */
function channelNamed(remote: string): Channel & { closed: boolean } {
  return {
    kind: "bytes",
    remote,
    integrity: true,
    closed: false,
    read: () => Promise.resolve(null),
    write: () => Promise.resolve(0),
    close() {
      this.closed = true;
    },
  };
}

/** Log lines, each with its level before it. */
class Lines implements Logger {
  readonly lines: string[] = [];
  debug = (message: string): void => void this.lines.push(`debug ${message}`);
  info = (message: string): void => void this.lines.push(`info ${message}`);
  warn = (message: string): void => void this.lines.push(`warn ${message}`);
  error = (message: string): void => void this.lines.push(`error ${message}`);
}

/** A transport that accepts what and fails when the test says. */
class Staged implements Transport {
  readonly log = new Lines();
  readonly ended = Promise.withResolvers<void>();
  given!: ListenOptions;
  closed = 0;

  dial(): Promise<Channel> {
    return Promise.reject(new Error("nobody dials here"));
  }

  listen(address: Listener["address"], options: ListenOptions): Promise<Listener> {
    this.given = options;
    const close = (): Promise<void> => {
      this.closed++;
      this.ended.resolve();
      return Promise.resolve();
    };
    return Promise.resolve({ address, finished: this.ended.promise, close });
  }

  start(
    serve: Parameters<typeof listen>[1] = handlers,
    options: ServiceListenOptions = {},
  ): Promise<ServiceListener> {
    const transports = { memory: this };
    return listen("memory://stage", serve, { transports, logger: this.log, ...options });
  }
}

async function assertClosed(promise: Promise<unknown>, address: string): Promise<void> {
  const error = await assertRejects(() => promise, InternodeError);
  assertEquals(error.message, `The listener at ${address} is closed.`);
  assertEquals(error.code, "Closed");
}

const ways: readonly (readonly [string, boolean, () => string])[] = [
  ["tcp://127.0.0.1:0", NET, () => "tcp://127.0.0.1:0"],
  ["tcp://:0", NET, () => "tcp://:0"],
  ["ws://127.0.0.1:0/cache", NET, () => "ws://127.0.0.1:0/cache"],
  ["ws://127.0.0.1:0/", NET, () => "ws://127.0.0.1:0/"],
  ["unix", NET && FILES, () => `unix://${Deno.makeTempDirSync()}/cache.sock`],
  ["memory", true, () => "memory://cache"],
];

for (const [name, permitted, freshAddress] of ways) {
  Deno.test({
    name: `${name}: an endpoint of the listener's address reaches it`,
    ignore: !permitted,
  }, async () => {
    const asked = freshAddress();
    const listener = await listen(asked, handlers);
    const endpoint = parseNetEndpoint(listener.address);
    assertEquals(endpoint.address, listener.address);
    assertEquals(endpoint.host.port > 0, endpoint.host.path === "", listener.address);
    assertEquals(listener.address.replace(/:\d+(?=\/|$)/, ":0"), asked);
    for (let i = 0; i < 2; i++) {
      const accepting = listener.accept();
      const near = pipeOf(await endpoint.dial(signal));
      const accepted = await accepting;
      assert(accepted.handlers === handlers);
      const far = pipeOf(accepted.channel);
      await near.send(new Uint8Array([7]));
      assertEquals(await far.receive(), new Uint8Array([7]));
      await closeBoth(near, far);
    }
    await listener.close();
    await assertRejects(() => endpoint.dial(signal), InternodeError, endpoint.host.href);
    if (endpoint.net === "unix") {
      Deno.removeSync(endpoint.host.path.replace("/cache.sock", ""), { recursive: true });
    }
  });
}

Deno.test("connections wait in order until they are accepted", async () => {
  const stage = new Staged(), listener = await stage.start();
  const [a, b, c] = ["a", "b", "c"].map(channelNamed);
  stage.given.accept(a!);
  stage.given.accept(b!);
  assert((await listener.accept()).channel === a);
  assert((await listener.accept()).channel === b);
  const pending = listener.accept();
  stage.given.accept(c!);
  assert((await pending).channel === c);
  await listener.close();
  assertEquals([a, b, c].map((channel) => channel!.closed), [false, false, false]);
});

Deno.test("each connection can have handlers of its own", async () => {
  const inside = new HandlerMap(), outside = new HandlerMap();
  const stage = new Staged();
  const listener = await stage.start(({ remote }) => remote === "friend" ? inside : outside);
  stage.given.accept(channelNamed("stranger"));
  stage.given.accept(channelNamed("friend"));
  assert((await listener.accept()).handlers === outside);
  assert((await listener.accept()).handlers === inside);
  await listener.close();
});

Deno.test("a connection whose handlers cannot be chosen is closed, and others are served", async () => {
  const stage = new Staged();
  const listener = await stage.start(({ remote }) => {
    if (remote.startsWith("bad")) throw new Error("whoever is that?");
    return handlers;
  });
  const [queued, late, good] = ["bad 1", "bad 2", "good"].map(channelNamed);
  stage.given.accept(queued!);
  const pending = listener.accept();
  stage.given.accept(late!);
  stage.given.accept(good!);
  assert((await pending).channel === good);
  assertEquals([queued!.closed, late!.closed, good!.closed], [true, true, false]);
  const line = (level: string, remote: string): string =>
    `${level} The listener at memory://stage closed the connection of ${remote}, ` +
    "because choosing its handlers failed.";
  assertEquals(stage.log.lines, [line("error", "bad 1"), line("debug", "bad 2")]);
  await listener.close();
});

Deno.test("1,024 connections wait, newcomers are turned away, and the log says so once", async () => {
  const stage = new Staged(), listener = await stage.start();
  const waiting = Array.from({ length: 1024 }, (_, i) => channelNamed(`${i}`));
  for (const channel of waiting) stage.given.accept(channel);
  const full = " The listener at memory://stage refuses connections: " +
    "1024 are in their handshake already (maxUnproven).";
  for (let round = 1; round <= 2; round++) {
    const surplus = [channelNamed("x"), channelNamed("y")];
    for (const channel of surplus) stage.given.accept(channel);
    assertEquals(surplus.map(({ closed }) => closed), [true, true]);
    const levels = ["warn", "debug", "debug", "debug"].slice(0, 2 * round);
    assertEquals(stage.log.lines, levels.map((level) => level + full));
    assert((await listener.accept()).channel === waiting[round - 1]);
    const next = channelNamed("next");
    stage.given.accept(next);
    assertEquals(next.closed, false);
  }
  await listener.close();
  assertEquals(waiting.map(({ closed }) => closed), waiting.map((_, i) => i >= 2));
});

Deno.test("closing ends the wait, closes what waits and what comes later, any number of times", async () => {
  const stage = new Staged(), listener = await stage.start();
  const pending = assertClosed(listener.accept(), "memory://stage");
  await Promise.all([listener.close(), listener.close()]);
  await pending;
  await listener.close();
  assertEquals(stage.closed, 1);
  await assertClosed(listener.accept(), "memory://stage");
  const late = channelNamed("late");
  stage.given.accept(late);
  assertEquals(late.closed, true);

  const other = new Staged(), busy = await other.start();
  const taken = channelNamed("taken"), queued = channelNamed("queued");
  other.given.accept(taken);
  other.given.accept(queued);
  await busy.accept();
  await busy.close();
  assertEquals([taken.closed, queued.closed], [false, true]);
  await assertClosed(busy.accept(), "memory://stage");
});

Deno.test("when the listener fails, what came before is accepted, then its failure is told", async () => {
  const failure = new Error("the socket is gone");
  const idle = new Staged(), waiting = await idle.start();
  const pending = assertRejects(() => waiting.accept(), Error, failure.message);
  idle.ended.reject(failure);
  assert(await pending === failure);
  await waiting.close();
  await assertClosed(waiting.accept(), "memory://stage");

  const busy = new Staged(), listener = await busy.start();
  const channel = channelNamed("a");
  busy.given.accept(channel);
  busy.ended.reject(failure);
  assert((await listener.accept()).channel === channel);
  for (let i = 0; i < 2; i++) assert(await assertRejects(() => listener.accept()) === failure);
  await listener.close();
});

Deno.test("a listener that ends by itself is closed", async () => {
  const stage = new Staged(), listener = await stage.start();
  stage.ended.resolve();
  await assertClosed(listener.accept(), "memory://stage");
  await listener.close();
});

Deno.test("asking twice at a time is refused, and the first one still gets its connection", async () => {
  const stage = new Staged(), listener = await stage.start();
  const first = listener.accept();
  const error = await assertRejects(() => listener.accept(), InternodeError);
  assertEquals([error.code, error.origin], ["InvalidArgument", "caller"]);
  const channel = channelNamed("a");
  stage.given.accept(channel);
  assert((await first).channel === channel);
  await listener.close();
});

Deno.test("failures of single connections are logged and end nothing", async () => {
  const stage = new Staged(), listener = await stage.start();
  stage.given.onError?.(new Error("a bad handshake"));
  assertEquals(stage.log.lines, [
    "warn A connection could not be accepted at memory://stage: a bad handshake.",
  ]);
  const channel = channelNamed("a");
  stage.given.accept(channel);
  assert((await listener.accept()).channel === channel);
  await listener.close();
});

Deno.test("an endpoint's transport listens, unless another one is given", async () => {
  const own = memoryTransport(), other = memoryTransport();
  const endpoint = memory("a", { transports: { memory: own } });
  const first = await listen(endpoint, handlers);
  const second = await listen(endpoint, handlers, { transports: { memory: other } });
  const accepting = second.accept();
  const near = pipeOf(await other.dial(parseHostAddress("memory://a"), { signal, path: "/" }));
  await closeBoth(near, pipeOf((await accepting).channel));
  await Promise.all([first.close(), second.close()]);
});

Deno.test("an address that is malformed, taken or cannot be listened at is refused", async () => {
  await assertRejects(() => listen("tcp://a", handlers), InternodeError, "the port is missing");
  const transports = { memory: memoryTransport() };
  const listener = await listen("memory://a", handlers, { transports });
  await assertRejects(
    () => listen("memory://a", handlers, { transports }),
    InternodeError,
    "Could not listen on memory://a",
  );
  await listener.close();
  await assertRejects(
    () => listen("tcp://a:1", handlers, { transports }),
    InternodeError,
    "There is no transport for tcp://a:1; there are: memory.",
  );
  const error = await assertRejects(() => listen("ws://a/b?c", handlers), InternodeError);
  assertEquals(
    error.message,
    "Could not listen on ws://a:80/b?c: a listener's path has no query. " +
      'Leave out what follows the "?".',
  );
});

Deno.test({ name: "a port that is taken is told", ignore: !NET }, async () => {
  const listener = await listen(tcp("127.0.0.1:0"), handlers);
  const error = await assertRejects(() => listen(listener.address, handlers), InternodeError);
  assertEquals([error.code, error.host], ["Unreachable", listener.address]);
  await listener.close();
});

Deno.test({ name: "ws: who is let in, authorize decides by the token", ignore: !NET }, async () => {
  const authorize = (token: string | null) => token === "friend" ? null : `not ${token}`;
  const listener = await listen("ws://127.0.0.1:0", handlers, { authorize });
  const refused = await assertRejects(
    () => ws(listener.address).dial(signal),
    InternodeError,
    "refused the connection with status 401 (not null)",
  );
  assertEquals(refused.code, "Unauthenticated");
  const accepting = listener.accept();
  const near = pipeOf(await ws(listener.address, { token: "friend" }).dial(signal));
  await closeBoth(near, pipeOf((await accepting).channel));
  await assertRejects(
    () => ws(listener.address.replace("/internode", "/other"), { token: "friend" }).dial(signal),
    InternodeError,
    "status 404",
  );
  await listener.close();
});

Deno.test(
  { name: "ws: only null lets in, whatever else authorize does", ignore: !NET },
  async () => {
    const rules: [what: string, rule: () => unknown][] = [
      ...NO_VERDICTS.map(([what, rule]) => [what, rule] as [string, () => unknown]),
      ["false", () => false],
      ["a name", () => ({ name: "client" })],
      ["a promise of a text", () => Promise.resolve("no")],
    ];
    const log = new Lines();
    for (const [what, rule] of rules) {
      const authorize = rule as () => string | null;
      const listener = await listen("ws://127.0.0.1:0", handlers, { authorize, logger: log });
      const dialling = ws(listener.address, { token: "stolen" }).dial(signal);
      const error = await assertRejects(() => dialling, InternodeError, "refused", what);
      const isText = what === "a promise of a text", before = log.lines.length;
      assertStringIncludes(error.message, isText ? "status 401 (no)" : "status 503", what);
      // It is told once the client has left.
      while (!isText && log.lines.length === before) await turns(1);
      await listener.close();
    }
    assertEquals(log.lines.length, rules.length - 1);
    const later = () => Promise.resolve(null);
    const listener = await listen("ws://127.0.0.1:0", handlers, { authorize: later });
    const accepting = listener.accept();
    const near = pipeOf(await ws(listener.address).dial(signal));
    await closeBoth(near, pipeOf((await accepting).channel));
    await listener.close();
    const none = { authorize: null as unknown as () => null };
    await assertRejects(
      () => listen("ws://127.0.0.1:0", handlers, none),
      InternodeError,
      "authorize",
    );
  },
);

Deno.test("a port is shared by listeners that all say so", { ignore: !NET }, async () => {
  const share = { sharePort: true };
  if (sharingProblem(parseHostAddress("tcp://127.0.0.1:0")) !== null) {
    const listening = listen("tcp://127.0.0.1:0", handlers, share);
    const error = await assertRejects(() => listening, InternodeError, "--unstable-net");
    assertEquals(error.code, "InvalidArgument");
    return;
  }
  const first = await listen("tcp://127.0.0.1:0", handlers, share);
  const second = await listen(first.address, handlers, share);
  assertEquals(second.address, first.address);
  await assertRejects(() => listen(first.address, handlers), InternodeError, "Stop what listens");
  await first.close();
  await second.close();
});

Deno.test("what has no port is not shared", { ignore: !NET || !FILES }, async () => {
  for (const address of ["memory://cache", "unix:///run/cache.sock"]) {
    const listening = listen(address, handlers, { sharePort: true });
    const error = await assertRejects(() => listening, InternodeError, "has no ports");
    assertEquals([error.code, error.host], ["InvalidArgument", address]);
  }
});
