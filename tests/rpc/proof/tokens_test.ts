import {
  type Authenticator,
  type Channel,
  Manager,
  type ManagerOptions,
  sharedSecret,
  systemTransports,
  type Transport,
} from "@internode/grid";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { dials } from "../../../lib/grid/dialler.ts";
import { InternodeError } from "../../../lib/errors.ts";
import { parseHostAddress } from "../../../lib/runtime/host_address.ts";
import { answer } from "../../conformance/contracts.ts";
import { until } from "../../conformance/world.ts";
import { freePorts } from "../../../tools/network/free_ports.ts";
import { NET } from "../../support/permitted.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { simulatedGrid } from "../../support/simulation/simulated_grid.ts";

const auth = sharedSecret("a secret of more than 16 bytes");
const ACCEPTOR = "ws://node-1.example:80";
/** Those who dial it. */
const DIALLERS = Array.from({ length: 20 }, (_, index) => `ws://node-${index + 2}.example:80`)
  .filter((host) => dials(host, ACCEPTOR));
const HOSTS = [ACCEPTOR, DIALLERS[0]!, DIALLERS[1]!];

interface Ground {
  readonly grid: ReturnType<typeof simulatedGrid>;
  readonly logs: readonly QuietLogger[];
  /** The tokens that the acceptor was shown. */
  readonly shown: string[];
  /** What dials as the given node's machine. */
  readonly transports: Transport[];
  /** Who has called the acceptor. */
  readonly callers: string[];
  /** Dials the acceptor with a token, from the second dialler's machine. */
  dial(token: string | undefined): Promise<Channel>;
}

/** An acceptor and two who dial it, of which the second does not listen. */
function makeGround(options: (index: number) => Partial<ManagerOptions> = () => ({})): Ground {
  const logs = HOSTS.map(() => new QuietLogger());
  const shown: string[] = [], callers: string[] = [], transports: Transport[] = [];
  const grid = simulatedGrid({
    nodes: HOSTS.length,
    host: (index) => HOSTS[index]!,
    channels: "messages",
    options: ({ index }) => ({
      logger: logs[index]!,
      auth: {
        ...bound(auth),
        token: (from, to, nowMs) => {
          const token = auth.token(from, to, nowMs);
          if (to === ACCEPTOR) shown.push(token);
          return token;
        },
      },
      ...options(index),
    }),
    serve: (manager, { index, transports: own }) => {
      transports[index] = own["ws"]!;
      manager.handle(answer, (text, { caller }) => {
        callers.push(caller);
        return text;
      });
    },
    listens: ({ index }) => index < 2,
  });
  const dial = (token: string | undefined): Promise<Channel> =>
    transports[2]!.dial(parseHostAddress(ACCEPTOR), {
      signal: new AbortController().signal,
      path: "/internode",
      token,
    });
  return { grid, logs, shown, transports, callers, dial };
}

/** As an object whose methods can be replaced. */
function bound(made: Authenticator): Authenticator {
  return {
    prove: (...given) => made.prove(...given),
    verify: (...given) => made.verify(...given),
    token: (...given) => made.token(...given),
    checkToken: (...given) => made.checkToken(...given),
  };
}

async function assertRefused(attempt: Promise<Channel>, why: string): Promise<void> {
  const error = await assertRejects(() => attempt, InternodeError);
  assertEquals(error.code, "PermissionDenied");
  assertStringIncludes(error.message, `status 401: ${why}`);
}

Deno.test("a token that was overheard opens nothing, now or later", async () => {
  const { grid, logs, shown, callers, dial } = makeGround();
  await grid.run(async () => {
    await grid.start();
    const to = grid.node(1).connection(ACCEPTOR);
    await to.waitForConnect();
    const [token] = shown.splice(0);
    const used = `the token of ${HOSTS[1]} was used already: each token is valid once`;
    await assertRefused(dial(token), used);
    // Written in another way it is the same token.
    await assertRefused(dial(` ${token}`), used);
    // Nor is it good once the connection that it was made for is gone.
    grid.cut(0, 1);
    await grid.clock.advance(20_000);
    await assertRefused(dial(token), used);
    await grid.clock.advance(400_000);
    await assertRefused(dial(token), "the token expired");
    assert(logs[0]!.has(used), logs[0]!.lines.join("\n"));
    // Who has the secret has come back meanwhile, by a token of its own.
    assertEquals(to.state, "connected");
    assertEquals(await to.request(answer, "x"), "x");
    assertEquals(callers, [HOSTS[1]]);
  });
  await grid.close();
});

Deno.test("a token is good for a peer that dials, and for no other name", async () => {
  const { grid, dial } = makeGround();
  await grid.run(async () => {
    await grid.start();
    const wallNowMs = grid.clock.wallNow();
    const token = (name: string): string => auth.token(name, ACCEPTOR, wallNowMs);
    // Who is not listed yet is told so in the handshake that follows.
    (await dial(token("ws://nobody.example:80"))).close();
    await assertRefused(dial(token(ACCEPTOR)), `"${ACCEPTOR}" is this host's own name`);
    await assertRefused(dial(undefined), "the request carries no token");
  });
  await grid.close();
});

Deno.test("a peer with a token must have the token's name in its hello", async () => {
  // The third node has the secret, and takes the second one's name for its request alone.
  const { grid, logs, callers } = makeGround((index) =>
    index !== 2
      ? {}
      : { auth: { ...bound(auth), token: (_, to, nowMs) => auth.token(HOSTS[1]!, to, nowMs) } }
  );
  await grid.run(async () => {
    await grid.start();
    const impostor = grid.node(2);
    impostor.connect();
    const connection = impostor.connection(ACCEPTOR);
    const error = await assertRejects(
      () => connection.request(answer, "x", { waitForReady: true, timeoutMs: 1_000 }),
      InternodeError,
    );
    assertEquals(error.outcome, "notSent");
    const why = `"${HOSTS[2]}" used the token of "${HOSTS[1]}"`;
    assert(logs[0]!.has(why), logs[0]!.lines.join("\n"));
    assert(logs[2]!.has(why) || error.message.includes(why), error.message);
    assertEquals(callers, []);
  });
  await grid.close();
});

Deno.test("a node that flaps for long is never refused for its tokens", async () => {
  const { grid, logs, shown } = makeGround();
  await grid.run(async () => {
    await grid.start();
    const to = grid.node(1).connection(ACCEPTOR);
    for (let i = 0; i < 600; i++) {
      await to.waitForConnect();
      grid.cut(0, 1);
      await grid.clock.advance(50);
    }
    assert(shown.length >= 600, `${shown.length}`);
    assert(!logs[0]!.has("token"), logs[0]!.lines.join("\n"));
  });
  await grid.close();
});

/** Two hosts that dial the third. */
function realHosts(): [dialler: string, impostor: string, acceptor: string] {
  for (;;) {
    const hosts = freePorts(3).map((port) => `ws://127.0.0.1:${port}`);
    const [a, b, c] = hosts as [string, string, string];
    if (dials(a, c) && dials(b, c)) return [a, b, c];
  }
}

for (const way of ["listener", "server of the user's own"]) {
  Deno.test({
    name: `by a ${way}: a token is good once, and under its own name only`,
    ignore: !NET,
  }, async () => {
    const hosts = realHosts(), [dialler, other, acceptor] = hosts;
    const log = new QuietLogger(), otherLog = new QuietLogger(), shown: string[] = [];
    const keep = (token: string): string => (shown.push(token), token);
    const token: Authenticator["token"] = (...given) => keep(auth.token(...given));
    const takesName: Authenticator["token"] = (_, to, nowMs) => auth.token(dialler, to, nowMs);
    const host = new Manager({ local: acceptor, hosts, auth, logger: log });
    const peer = new Manager({
      local: dialler,
      hosts: [dialler, acceptor],
      auth: { ...bound(auth), token },
      logger: new QuietLogger(),
    });
    const impostor = new Manager({
      local: other,
      hosts: [other, acceptor],
      auth: { ...bound(auth), token: takesName },
      logger: otherLog,
    });
    host.handle(answer, (text) => text);
    const port = Number(new URL(acceptor).port);
    const server = way === "listener" ? null : Deno.serve(
      { hostname: "127.0.0.1", port, onListen: () => {} },
      (request) => host.upgrade(request),
    );
    try {
      if (server === null) await host.listen();
      peer.connect();
      assertEquals(await peer.connection(acceptor).request(answer, "x"), "x");
      const again = await systemTransports()["ws"]!.dial(parseHostAddress(acceptor), {
        signal: new AbortController().signal,
        path: "/internode",
        token: shown[0],
      }).then(() => "it was let in", (error) => String(error));
      assertStringIncludes(again, `the token of ${dialler} was used already`);
      impostor.connect();
      const why = `"${other}" used the token of "${dialler}"`;
      await until(() => log.has(why) && otherLog.has(why), "both know why");
    } finally {
      await Promise.all([host, peer, impostor].map((node) => node.close()));
      await server?.shutdown();
    }
  });
}
