import {
  allowNames,
  type AllowRule,
  type CallingPeer,
  type CallTrace,
  type Connection,
  InternodeError,
  type Manager,
  type ManagerOptions,
  type PeerIdentity,
  type PeerNames,
  single,
  stream,
} from "@internode/grid";
import type { SimulatedCluster } from "@internode/grid/testing";
import * as t from "@internode/grid/codec";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import type { Channel, Transports } from "../../../lib/transport/channel/transport.ts";
import { NO_VERDICTS } from "../../support/foreign/no_verdicts.ts";
import { FakeTracer } from "../../support/fake_tracer.ts";
import { assertFate, watch, type Watched } from "../../support/outcome.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { type GridSetup, withPair } from "../../support/simulation/simulated_grid.ts";

const echo = single("echo");
const open = single("open");
const count = stream("count", {
  initial: t.uint(),
  output: t.uint(),
  inputCapacity: 0,
  outputCapacity: 4,
});

function identity(names: Partial<PeerNames>, subject = "CN=caller"): PeerIdentity {
  return { subject, sans: { dns: [], ip: [], uri: [], ...names }, fingerprint: "00:01" };
}

function asks(rule: AllowRule, names: Partial<PeerNames>): boolean {
  return rule({ host: "tls://a:1", identity: identity(names), subroute: "" });
}

for (
  const [name, yes, no] of [
    [
      "Lock.Example",
      [{ dns: ["lock.example"] }, { dns: ["x.example", "LOCK.example."] }],
      [
        {},
        { dns: ["a.lock.example", "lock.example.evil", "xlock.example", "*.example"] },
        { uri: ["lock.example", "spiffe://lock.example"] },
      ],
    ],
    [
      "*.storage.example",
      [{ dns: ["a.storage.example"] }, { dns: ["A.Storage.Example"] }, {
        dns: ["*.storage.example"],
      }],
      [{ dns: ["storage.example", ".storage.example", "a.b.storage.example", "astorage.example"] }],
    ],
    [
      "spiffe://prod/lock/a",
      [{ uri: ["spiffe://prod/lock/a"] }],
      [{ uri: ["spiffe://prod/lock/A", "spiffe://prod/lock/a/", "spiffe://prod/lock"] }, {
        dns: ["spiffe://prod/lock/a"],
      }],
    ],
    [
      "spiffe://prod/lock/*",
      [{ uri: ["spiffe://prod/lock/a"] }, { uri: ["spiffe://prod/lock/a-1.b"] }],
      [
        { uri: ["spiffe://prod/lock/", "spiffe://prod/lock", "spiffe://prod/lock/a/b"] },
        { uri: ["spiffe://prod/lock/..", "spiffe://prod/lock/.", "spiffe://prod/lock/%2E%2e"] },
        { uri: ["spiffe://prod/lock/a?b", "spiffe://prod/lock/a#b", "spiffe://prod/locks/a"] },
        { uri: ["x:spiffe://prod/lock/a", "Spiffe://prod/lock/a"] },
      ],
    ],
    ["10.0.0.1", [{ ip: ["10.0.0.1"] }], [{ ip: ["10.0.0.2"] }, { dns: ["10.0.0.1"] }]],
    ["2001:DB8:0::1", [{ ip: ["2001:db8::1"] }], [{ ip: ["2001:db8::2"] }]],
  ] as const
) {
  Deno.test(`allowNames: ${name}`, () => {
    for (const rule of [allowNames(name), allowNames("other.example", name)]) {
      for (const names of yes) assert(asks(rule, names), JSON.stringify(names));
      for (const names of no) assert(!asks(rule, names), JSON.stringify(names));
      assert(!rule({ host: name, identity: undefined, subroute: "" }), "without a certificate");
    }
  });
}

Deno.test("allowNames: what is no name is refused at once", () => {
  const wrong = ["", "a b", "*", "*.", "a.*.example", "*a.example", "*.*.example", "10.0.0.*"];
  wrong.push("spiffe://prod/*/lock", "spiffe://*", "spiffe://prod/lock*", "spiffe://prod/*/*");
  for (const name of wrong) {
    const error = assertThrows(() => allowNames("a.example", name), InternodeError);
    assertEquals([error.code, error.origin], ["InvalidArgument", "caller"]);
    assertStringIncludes(error.message, JSON.stringify(name));
  }
  assertThrows(() => allowNames(), InternodeError, "has no names");
});

/** Gives the other ends of all channels an identity, as mutual TLS does. */
function proving(transports: Transports, who: () => PeerIdentity | undefined): Transports {
  const proven = (channel: Channel): Channel =>
    Object.defineProperty(channel, "identity", { value: who() });
  return Object.fromEntries(
    Object.entries(transports).map(([scheme, inner]) => [scheme, {
      dial: async (address, options) => proven(await inner.dial(address, options)),
      listen: (address, options) =>
        inner.listen(address, {
          ...options,
          accept: (channel) => options.accept(proven(channel)),
        }),
    }]),
  );
}

/** A rule that keeps what it was asked. */
function asked(rule: AllowRule): { rule: AllowRule; peers: CallingPeer[] } {
  const peers: CallingPeer[] = [];
  return { peers, rule: (peer) => (peers.push(peer), rule(peer)) };
}

interface World {
  /** Node 1, which serves. */
  readonly called: Manager;
  readonly caller: Manager;
  /** The caller's way to the other. */
  readonly to: Connection;
  /** The log of the one that is called. */
  readonly log: QuietLogger;
  readonly grid: SimulatedCluster<Manager>;
}

/** Two nodes that prove to be themselves, and what more the caller proves. */
async function withCaller(
  names: () => Partial<PeerNames>,
  serve: (called: Manager) => void,
  body: (world: World) => Promise<void>,
  options: Partial<ManagerOptions> = {},
): Promise<void> {
  const logs = [new QuietLogger(), new QuietLogger()];
  const setup: GridSetup = {
    options: ({ index, hosts, transports }) => {
      const peer = hosts[1 - index]!;
      const uri = [peer, ...(index === 1 ? names().uri ?? [] : [])];
      return {
        logger: logs[index]!,
        transports: proving(
          transports,
          () => identity(index === 1 ? { ...names(), uri } : { uri }, `CN=${peer}`),
        ),
        ...(index === 1 && options),
      };
    },
    serve: (manager, { index }) => {
      if (index === 1) serve(manager);
    },
  };
  await withPair(setup, async (grid) => {
    const caller = grid.node(0), called = grid.node(1);
    await body({ caller, called, grid, to: caller.connections()[0]!, log: logs[1]! });
  });
}

async function ended(
  { clock }: SimulatedCluster<Manager>,
  ...calls: readonly Watched<unknown>[]
): Promise<void> {
  await clock.runUntil(() => calls.every(({ settled }) => settled), 60_000);
}

const EMPTY = new Uint8Array();

Deno.test("an identity stands in handlers' contexts and at the connections of both sides", async () => {
  const seen: (PeerIdentity | undefined)[] = [];
  await withCaller(() => ({ dns: ["caller.example"] }), (called) => {
    called.handle(echo, (bytes, { identity }) => (seen.push(identity), bytes));
    called.handle(count, async function* (upTo, _input, { identity }) {
      seen.push(identity);
      for (let i = 0; i < upTo; i++) yield await Promise.resolve(i);
    });
  }, async ({ called, caller, to, grid }) => {
    await to.request(echo, EMPTY);
    assertEquals(await Array.fromAsync(to.stream(count, 2)), [0, 1]);
    for (const each of [...seen, called.connections()[0]!.identity]) {
      assertEquals(each?.subject, `CN=${caller.local}`);
      assertEquals(each?.sans.dns, ["caller.example"]);
    }
    assertEquals(seen.length, 2);
    assertEquals(to.identity?.sans.uri, [called.local]);
    grid.crash(1);
    await grid.clock.runUntil(() => to.state !== "connected", 60_000);
    assertEquals(to.identity, undefined);
  });
});

Deno.test("without mutual TLS there is no identity", async () => {
  let seen: unknown = "nothing";
  const serve = (manager: Manager): void =>
    manager.handle(echo, (bytes, { identity }) => (seen = identity, bytes));
  await withPair({ serve }, async (grid) => {
    const to = grid.node(0).connections()[0]!;
    await to.request(echo, EMPTY);
    assertEquals([seen, to.identity], [undefined, undefined]);
  });
});

Deno.test("a caller that a rule refuses may still make all other calls", async () => {
  const { rule, peers } = asked(allowNames("friend.example"));
  const tracer = new FakeTracer(), traced: CallTrace[] = [];
  let ran = 0;
  await withCaller(
    () => ({ dns: ["caller.example"] }),
    (called) => {
      called.handle(echo, (bytes) => (ran++, bytes), { allow: rule });
      called.handle(count, () => (ran++, []), { allow: rule });
      called.handle(open, (bytes) => bytes);
      called.trace((call) => traced.push(call));
    },
    async ({ called, caller, to, log, grid }) => {
      for (const size of [0, 10, 1_000_000]) {
        const call = watch(grid.clock, to.request(echo, new Uint8Array(size)));
        await ended(grid, call);
        assertFate(call, "PermissionDenied notExecuted");
        const error = call.error as InternodeError;
        assertEquals([error.origin, error.host, error.handler], ["remote", called.local, "echo"]);
        assertStringIncludes(
          error.message,
          `echo on ${called.local}: "${caller.local}", whose certificate "CN=${caller.local}" is ` +
            `for caller.example, ${caller.local}, may not call this handler.`,
        );
      }
      const numbers = watch(grid.clock, Array.fromAsync(to.stream(count, 3)));
      await ended(grid, numbers);
      assertFate(numbers, "PermissionDenied notExecuted");
      assertEquals(await to.request(open, new Uint8Array([1])), new Uint8Array([1]));
      assertEquals(ran, 0);

      // Once for each name, whatever the number of calls.
      assertEquals(peers.map(({ host, subroute }) => [host, subroute]), [
        [caller.local, ""],
        [caller.local, ""],
      ]);
      assertEquals(peers[0]!.identity?.sans.dns, ["caller.example"]);
      assertEquals(log.lines.length, 2);
      assertStringIncludes(log.lines[0]!, `calls of echo by "${caller.local}"`);
      assertStringIncludes(log.lines[1]!, "calls of count by");
      assertEquals(called.connections()[0]!.stats().refusedCalls, 4);
      assertEquals(to.stats().refusedCalls, 0);
      assertEquals(called.connections()[0]!.stats().callsIn, 0);
      assertEquals(
        traced.map(({ direction, kind, handler, error }) => [direction, kind, handler, error]),
        [
          ...Array(3).fill(["incoming", "single", "echo", "PermissionDenied"]),
          ["incoming", "stream", "count", "PermissionDenied"],
          ["incoming", "single", "open", null],
        ],
      );
      assertEquals(
        tracer.spans.map(({ name, fate }) => `${name} ${fate}`),
        [
          "echo PermissionDenied",
          "echo PermissionDenied",
          "echo PermissionDenied",
          "count PermissionDenied",
          "open ok",
        ],
      );
    },
    { tracer },
  );
});

Deno.test("a rule runs once for each connection and name", async () => {
  const { rule, peers } = asked(allowNames("*.example"));
  await withCaller(() => ({ dns: ["caller.example"] }), (called) => {
    called.handle(echo, (bytes) => bytes, { allow: rule });
    called.handle(open, (bytes) => bytes, { allow: rule });
  }, async ({ called, to, log }) => {
    for (let i = 0; i < 5; i++) {
      await Promise.all([to.request(echo, EMPTY), to.request(open, EMPTY)]);
    }
    assertEquals([peers.length, log.lines, called.connections()[0]!.stats().refusedCalls], [
      2,
      [],
      0,
    ]);
  });
});

Deno.test("subroutes are judged one by one, by the rules that they were registered with", async () => {
  const { rule, peers } = asked(({ identity, subroute }) =>
    identity!.sans.dns.includes(`${subroute}.example`)
  );
  await withCaller(() => ({ dns: ["sda.example"] }), (called) => {
    called.handle(echo, (bytes) => bytes, { subroutes: ["sda", "sdb"], allow: rule });
    called.handle(echo, (bytes) => bytes, { subroutes: ["sdc"] });
  }, async ({ to, log, grid }) => {
    const call = (subroute: string) => watch(grid.clock, to.request(echo, EMPTY, { subroute }));
    const calls = ["sda", "sdb", "sdc", "sda", "sdb"].map(call);
    await ended(grid, ...calls);
    const fates = [
      "ok",
      "PermissionDenied notExecuted",
      "ok",
      "ok",
      "PermissionDenied notExecuted",
    ];
    assertEquals(calls.map(({ fate }) => fate), fates);
    assertStringIncludes(String(calls[1]!.error), 'may not call this handler for subroute "sdb"');
    assertEquals(peers.map(({ subroute }) => subroute), ["sda", "sdb"]);
    assertEquals(log.lines.length, 1);
    assertStringIncludes(log.lines[0]!, 'for subroute "sdb"');
  });
});

for (
  const [what, rule, words] of [
    ["throws", () => {
      throw new Error("no such list");
    }, "rule threw an error"],
    ["promises to let it in", () => Promise.resolve(true), "must return true or false"],
    [
      "fails later",
      () => Promise.reject(new Error("no such list")),
      "must return true or false",
    ],
    ["answers with 1", () => 1, "must return true or false"],
    ["answers nothing", () => {}, "must return true or false"],
    ["answers false", () => false, "does not allow it"],
    ...NO_VERDICTS.map(([what, rule]) =>
      [`gives no verdict (${what})`, rule, "the handler's allow rule"] as const
    ),
  ] as const
) {
  Deno.test(`a rule that ${what} refuses`, async () => {
    const { rule: allow, peers } = asked(rule as unknown as AllowRule);
    await withCaller(
      () => ({}),
      (called) => called.handle(echo, (bytes) => bytes, { allow }),
      async ({ to, log, grid }) => {
        const calls = [1, 2].map(() => watch(grid.clock, to.request(echo, EMPTY)));
        await ended(grid, ...calls);
        for (const call of calls) {
          assertFate(call, "PermissionDenied notExecuted");
          assert(!String(call.error).includes("no such list"), "what it threw is the node's own");
        }
        assertEquals([peers.length, log.lines.length], [1, 1]);
        assertStringIncludes(log.lines[0]!, words);
      },
    );
  });
}

Deno.test("a new connection is judged anew, by the identity that it has", async () => {
  let name = "stranger.example";
  await withCaller(
    () => ({ dns: [name] }),
    (called) => called.handle(echo, (bytes) => bytes, { allow: allowNames("friend.example") }),
    async ({ caller, called, to, log, grid }) => {
      const fate = async (): Promise<string> => {
        const call = watch(grid.clock, to.request(echo, EMPTY, { waitForReady: true }));
        await ended(grid, call);
        return call.fate;
      };
      assertEquals(await fate(), "PermissionDenied notExecuted");
      for (
        const [next, expected] of [["friend.example", "ok"], ["x", "PermissionDenied notExecuted"]]
      ) {
        name = next!;
        grid.network.cut(caller.local, called.local);
        await grid.clock.runUntil(() => to.state !== "connected", 60_000);
        assertEquals(await fate(), expected);
      }
      assertEquals(log.lines.filter((line) => line.includes("calls of echo")).length, 1);
      assertEquals(called.connections()[0]!.stats().refusedCalls, 2);
    },
  );
});
