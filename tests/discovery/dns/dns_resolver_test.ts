import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InternodeError } from "@internode/grid";
import { VirtualClock } from "@internode/grid/testing";
import {
  missing,
  type Resolution,
  type Version,
} from "../../../lib/discovery/resolver/resolver.ts";
import { dnsResolver, type DnsResolverOptions } from "../../../lib/discovery/dns/dns_resolver.ts";
import { addressesOf } from "../../support/endpoint_named.ts";
import { QuietLogger } from "../../support/log/quiet.ts";

type Answer =
  | readonly (string | { address: string; ttl?: number })[]
  | readonly Deno.SrvRecord[]
  | Error;

const none = (): Error => new Deno.errors.NotFound("no records found");
const srv = (priority: number, target: string, port: number): Deno.SrvRecord => {
  return { priority, weight: 1, target, port };
};

/** A resolver whose name server the test plays, on virtual time. */
class Scene {
  readonly clock = new VirtualClock();
  readonly logger = new QuietLogger();
  /** What is answered, by type. One that is not here is not answered at all. */
  readonly answers = new Map<string, Answer>();
  /** When there was a lookup, in milliseconds from the start. */
  readonly lookupsMs: number[] = [];
  /** Lookups that have not been answered or given up. */
  pending = 0;
  readonly resolver;
  #version: Version | null = null;

  constructor(options: DnsResolverOptions = { port: 9000 }) {
    const { clock, logger } = this;
    const random = { next: () => 0, bytes: (count: number) => new Uint8Array(count) };
    this.resolver = dnsResolver("cache.example", {
      clock,
      logger,
      random,
      resolveDns: (_name, type, { signal }) => this.#answer(type, signal!),
      ...options,
    });
  }

  set a(answer: Answer) {
    this.answers.set("A", answer);
  }

  ask(version: Version | null, signal = new AbortController().signal): Promise<Resolution> {
    return this.clock.complete(this.resolver.resolve(version, signal));
  }

  /** The next set that is new, as clients ask for it. */
  async next(): Promise<string[]> {
    const resolution = await this.ask(this.#version);
    this.#version = resolution.version;
    return this.#version === missing ? ["missing"] : addressesOf(resolution);
  }

  async #answer(type: string, signal: AbortSignal): Promise<Exclude<Answer, Error>> {
    this.lookupsMs.push(this.clock.elapsedMs);
    const answer = this.answers.get(type);
    if (answer instanceof Error) throw answer;
    if (answer !== undefined) return answer;
    this.pending++;
    return await new Promise((_, reject) =>
      signal.addEventListener("abort", () => {
        this.pending--;
        reject(signal.reason);
      })
    );
  }
}

Deno.test("addresses become endpoints, and are looked up again at the interval", async () => {
  const scene = new Scene();
  scene.a = ["10.0.0.1", "10.0.0.2"];
  assertEquals(await scene.next(), ["tcp://10.0.0.1:9000", "tcp://10.0.0.2:9000"]);
  scene.clock.setTimer(40_000, () => scene.a = ["10.0.0.2", "10.0.0.1"]);
  scene.clock.setTimer(70_000, () => scene.a = ["10.0.0.2"]);
  assertEquals(await scene.next(), ["tcp://10.0.0.2:9000"]);
  assertEquals(scene.lookupsMs, [0, 30_000, 60_000, 90_000]);
});

Deno.test("where times to live are known, the shortest counts, from a second up to the interval", async () => {
  const scene = new Scene();
  const at = (...ttls: readonly (number | undefined)[]) =>
    ttls.map((ttl, index) => ({
      address: `10.0.${scene.lookupsMs.length}.${index}`,
      ...(ttl !== undefined && { ttl }),
    }));
  const waits: number[] = [];
  for (const ttls of [[5, 20], [0.2], [0], [3_600], [undefined, 7], [undefined], [NaN, -1]]) {
    scene.a = at(...ttls);
    await scene.next();
    waits.push(scene.clock.elapsedMs);
  }
  const steps = waits.map((ms, index) => ms - (waits[index - 1] ?? 0));
  assertEquals(steps, [0, 5_000, 1_000, 1_000, 30_000, 7_000, 30_000]);
});

Deno.test("an answer is good for the interval, for all who ask", async () => {
  const scene = new Scene({ port: 9000, intervalMs: 1_000 });
  scene.a = ["10.0.0.1"];
  const signal = new AbortController().signal;
  const all = [1, 2, 3].map(() => scene.resolver.resolve(null, signal));
  await scene.clock.complete(Promise.all(all));
  await scene.clock.advance(999);
  await scene.ask(null);
  assertEquals(scene.lookupsMs, [0]);
  await scene.clock.advance(1);
  scene.a = ["10.0.0.2"];
  assertEquals(addressesOf(await scene.ask(null)), ["tcp://10.0.0.2:9000"]);
  assertEquals(scene.lookupsMs, [0, 1_000]);
});

Deno.test("a lookup that fails keeps the last addresses, and is repeated ever more slowly", async () => {
  const scene = new Scene();
  scene.a = ["10.0.0.1"];
  await scene.next();
  scene.a = new Deno.errors.TimedOut("request timed out");
  scene.clock.setTimer(35_000, () => scene.a = ["10.0.0.1"]);
  scene.clock.setTimer(65_000, () => scene.a = new Error("SERVFAIL"));
  scene.clock.setTimer(75_000, () => scene.a = ["10.0.0.2"]);
  assertEquals(await scene.next(), ["tcp://10.0.0.2:9000"]);
  const waits = scene.lookupsMs.map((ms, i, all) => ms - (all[i - 1] ?? 0));
  const expected = [0, 30_000, 500, 800, 1_280, 2_048, 3_276.8, 30_000, 500, 800, 1_280, 2_048];
  for (const [i, waitMs] of expected.entries()) assertAlmostEquals(waits[i]!, waitMs, 0.01);
  assertEquals(scene.logger.warnings, [
    "The A records of cache.example could not be looked up in DNS: request timed out. " +
    "Check the name, and that the name server runs and can be reached. " +
    "The last endpoint stays in use.",
    "The A records of cache.example could not be looked up in DNS: SERVFAIL. " +
    "Check the name, and that the name server runs and can be reached. " +
    "The last endpoint stays in use.",
  ]);
});

Deno.test("the wait after failures is never longer than the interval", async () => {
  const scene = new Scene({ port: 9000, intervalMs: 200 });
  scene.a = ["10.0.0.1"];
  await scene.next();
  scene.a = new Error("SERVFAIL");
  scene.clock.setTimer(1_100, () => scene.a = ["10.0.0.2"]);
  await scene.next();
  assertEquals(scene.lookupsMs, [0, 200, 400, 600, 800, 1_000, 1_200]);
});

Deno.test("a first lookup that fails rejects, and whoever asks again waits with it", async () => {
  const scene = new Scene();
  scene.a = new Error("SERVFAIL");
  for (let time = 0; time < 3; time++) {
    const error = await assertRejects(() => scene.ask(null), InternodeError, "SERVFAIL");
    assertEquals(error.code, "Unreachable");
  }
  assertEquals(scene.lookupsMs, [0]);
  await scene.clock.advance(500);
  scene.a = ["10.0.0.1"];
  assertEquals(await scene.next(), ["tcp://10.0.0.1:9000"]);
  assertEquals(scene.logger.warnings, []);
});

Deno.test("a name without records is missing, until there are some", async () => {
  const scene = new Scene();
  scene.a = none();
  assertEquals(await scene.next(), ["missing"]);
  assert(scene.logger.warnings[0]!.startsWith("DNS has no A records for cache.example."));
  scene.clock.setTimer(10_000, () => scene.a = ["10.0.0.1"]);
  assertEquals(await scene.next(), ["tcp://10.0.0.1:9000"]);
  assertEquals(scene.logger.warnings.length, 1);
});

Deno.test("records that are gone count as missing only when they stay away", async () => {
  const scene = new Scene({ port: 9000, shrinkHoldMs: 20_000 });
  scene.a = ["10.0.0.1"];
  await scene.next();
  scene.a = none();
  // What is no answer at all begins the time anew.
  scene.clock.setTimer(40_000, () => scene.a = new Error("SERVFAIL"));
  scene.clock.setTimer(60_000, () => scene.a = none());
  assertEquals(await scene.next(), ["missing"]);
  assert(scene.clock.elapsedMs >= 80_000, `${scene.clock.elapsedMs} ms`);
  assert(scene.logger.warnings[0]!.endsWith("It is asked again until there are some."));
  assert(scene.logger.warnings[1]!.startsWith("1 endpoint of cache.example in DNS is gone"));
});

Deno.test("records that are gone for a moment, or most of them, take none away", async () => {
  for (const maxShrink of [undefined, false] as const) {
    const scene = new Scene({ port: 9000, intervalMs: 1_000, maxShrink });
    const all = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];
    scene.a = all;
    await scene.next();
    scene.clock.setTimer(2_500, () => scene.a = none());
    scene.clock.setTimer(9_500, () => scene.a = all);
    if (maxShrink !== false) {
      scene.clock.setTimer(12_500, () => scene.a = ["10.0.0.3"]);
      scene.clock.setTimer(15_500, () => scene.a = all);
    }
    scene.clock.setTimer(20_500, () => scene.a = [...all, "10.0.0.4"]);
    assertEquals((await scene.next()).length, 4);
    assert(scene.clock.elapsedMs > 20_500);
  }
});

Deno.test("no answer in time is a failure, and a lookup nobody waits for is given up", async () => {
  const scene = new Scene({ port: 9000, timeoutMs: 3_000 });
  await assertRejects(() => scene.ask(null), InternodeError, "no answer within 3000 ms");
  assertEquals([scene.clock.elapsedMs, scene.pending], [3_000, 0]);

  await scene.clock.advance(1_000);
  const leaving = new AbortController(), given = new Error("enough");
  const left = assertRejects(() => scene.resolver.resolve(null, leaving.signal));
  assertEquals(scene.pending, 1);
  leaving.abort(given);
  assert(await left === given);
  assertEquals([scene.pending, scene.clock.pendingEvents], [0, 0]);
});

Deno.test("a lookup of the user's own that gives no list of records is told so", async () => {
  for (const given of ["10.0.0.1", null, undefined, 5, {}]) {
    const scene = new Scene({ port: 9000, resolveDns: () => Promise.resolve(given as string[]) });
    const error = await assertRejects(() => scene.ask(null), InternodeError);
    const text = "what looks names up (resolveDns) must give a list, not ";
    assert(error.message.includes(text), error.message);
    assertEquals(error.code, "Unreachable");
  }
  const scene = new Scene({ port: 9000, resolveDns: () => Promise.resolve(["", "10.0.0.1"]) });
  assertEquals(addressesOf(await scene.ask(null)), ["tcp://10.0.0.1:9000"]);
  assert(scene.logger.warnings[0]!.includes('leads to "", which makes no endpoint'));
});

Deno.test("a lookup that ignores its signal holds nobody up", async () => {
  const scene = new Scene({ port: 9000, resolveDns: () => new Promise(() => {}) });
  await assertRejects(() => scene.ask(null), InternodeError, "no answer within 5000 ms");
});

Deno.test("SRV: hosts, ports and ranks, those of the lowest priority first; a dot stands for none", async () => {
  const scene = new Scene({ type: "SRV", maxShrink: 0.9 });
  scene.answers.set("SRV", [
    srv(20, "spare.example.", 9000),
    srv(10, "r1.example.", 9001),
    srv(10, "r2.example", 9002),
    srv(0, ".", 0),
  ]);
  const { endpoints, version } = await scene.ask(null);
  assertEquals(endpoints.map(({ address, priority, weight }) => [address, priority, weight]), [
    ["tcp://r1.example:9001", 10, 1],
    ["tcp://r2.example:9002", 10, 1],
    ["tcp://spare.example:9000", 20, 1],
  ]);
  // Another weight or priority is news, too.
  scene.answers.set("SRV", [
    { ...srv(20, "spare.example.", 9000), weight: 0 },
    srv(10, "r1.example.", 9001),
    { ...srv(10, "r2.example", 9002), weight: 60 },
  ]);
  const next = await scene.ask(version);
  assertEquals(next.endpoints.map(({ weight }) => weight), [1, 60, 0.01]);
  scene.answers.set("SRV", [srv(20, "spare.example.", 9000)]);
  assertEquals(addressesOf(await scene.ask(next.version)), ["tcp://spare.example:9000"]);
  const other = new Scene({ type: "SRV" });
  other.answers.set("SRV", [srv(0, ".", 0)]);
  assertEquals(await other.next(), ["missing"]);
});

Deno.test("AAAA and both kinds: a kind without records does not matter, one that fails keeps its last ones", async () => {
  const six = new Scene({ type: "AAAA", port: 9000 });
  six.answers.set("AAAA", ["2001:db8::1"]);
  assertEquals(await six.next(), ["tcp://[2001:db8::1]:9000"]);

  const both = new Scene({ type: "A+AAAA", port: 9000, intervalMs: 1_000 });
  both.a = none();
  both.answers.set("AAAA", ["2001:db8::1"]);
  assertEquals(await both.next(), ["tcp://[2001:db8::1]:9000"]);
  both.a = ["10.0.0.1"];
  assertEquals(await both.next(), ["tcp://10.0.0.1:9000", "tcp://[2001:db8::1]:9000"]);
  both.answers.set("AAAA", new Error("SERVFAIL"));
  both.clock.setTimer(5_000, () => both.answers.set("AAAA", none()));
  assertEquals(await both.next(), ["tcp://10.0.0.1:9000"]);
  assert(both.clock.elapsedMs > 5_000);
});

for (const how of ["fails", "is never answered"]) {
  Deno.test(`of two kinds of addresses one ${how}: the other is used, with one warning`, async () => {
    const scene = new Scene({ type: "A+AAAA", port: 9000, timeoutMs: 500 });
    scene.a = ["10.0.0.1"];
    if (how === "fails") scene.answers.set("AAAA", new Error("SERVFAIL"));
    assertEquals(await scene.next(), ["tcp://10.0.0.1:9000"]);
    const why = how === "fails" ? "SERVFAIL" : "no answer within 500 ms";
    const warning = `The AAAA records of cache.example could not be looked up in DNS: ${why}. ` +
      "Check the name, and that the name server runs and can be reached. The other records are used.";
    assertEquals(scene.logger.warnings, [warning]);
    // It is looked up again soon, and told no more; then all is well.
    scene.clock.setTimer(20_000, () => scene.answers.set("AAAA", ["2001:db8::1"]));
    assertEquals(await scene.next(), ["tcp://10.0.0.1:9000", "tcp://[2001:db8::1]:9000"]);
    assert(scene.clock.elapsedMs < 45_000);
    assertEquals(scene.logger.warnings, [warning]);
    assertEquals(scene.pending, 0);
  });
}

Deno.test("a record that makes no endpoint is passed over, with one warning", async () => {
  const scene = new Scene({ type: "SRV", intervalMs: 1_000 });
  scene.answers.set("SRV", [srv(1, "good.example.", 9000), srv(1, "bad host.", 9001)]);
  assertEquals(await scene.next(), ["tcp://good.example:9000"]);
  scene.clock.setTimer(
    5_500,
    () => scene.answers.set("SRV", [srv(1, "bad host.", 9001), srv(1, "other.example.", 9000)]),
  );
  assertEquals(await scene.next(), ["tcp://other.example:9000"]);
  assertEquals(scene.logger.warnings.length, 1);
  assert(scene.logger.warnings[0]!.includes('leads to "bad host:9001", which makes no endpoint'));
  // Where none is good, the last ones stay.
  scene.answers.set("SRV", [srv(1, "bad host.", 9001)]);
  scene.clock.setTimer(5_500, () => scene.answers.set("SRV", [srv(1, "third.example.", 9000)]));
  assertEquals(await scene.next(), ["tcp://third.example:9000"]);
  assertEquals(scene.logger.warnings.length, 2);
  assert(scene.logger.warnings[1]!.endsWith("The last endpoint stays in use."));
});

Deno.test("the server to ask and the way to make endpoints are the user's to choose", async () => {
  const asked: unknown[] = [];
  const scene = new Scene({
    port: 9000,
    nameServer: { ipAddr: "10.0.0.53" },
    makeEndpoint: (address) => ({ address: `own ${address}`, dial: () => Promise.reject() }),
    resolveDns: (name, type, { nameServer }) => {
      asked.push([name, type, nameServer]);
      return Promise.resolve(["10.0.0.1"]);
    },
  });
  assertEquals(await scene.next(), ["own 10.0.0.1:9000"]);
  assertEquals(asked, [["cache.example", "A", { ipAddr: "10.0.0.53", port: 53 }]]);
});

Deno.test("options that make no sense are refused", () => {
  const refused: [string, DnsResolverOptions, string][] = [
    ["", { port: 1 }, "name of dnsResolver must be a host or service name"],
    ["a:9000", { port: 1 }, 'not "a:9000"'],
    ["10.0.0.1", { port: 1 }, "use constantResolver"],
    ["a", {}, "Option port of dnsResolver must be from 1 to 65535, not undefined."],
    ["a", { port: 65_536 }, "not 65536"],
    ["a", { port: 80, type: "SRV" }, "port of dnsResolver must be left out for SRV records"],
    ["a", { port: 1, intervalMs: 0 }, "intervalMs of dnsResolver must be a number above 0"],
    ["a", { port: 1, timeoutMs: -1 }, "timeoutMs of dnsResolver must be a number above 0"],
  ];
  for (const [name, options, message] of refused) {
    const error = assertThrows(() => dnsResolver(name, options), InternodeError, message);
    assertEquals(error.code, "InvalidArgument");
  }
});

Deno.test({
  name: "without permission for the network, the way to give it is told",
  permissions: { net: false },
}, async () => {
  const resolver = dnsResolver("a.test", { port: 1, nameServer: { ipAddr: "127.0.0.1" } });
  const error = await assertRejects(
    () => resolver.resolve(null, new AbortController().signal),
    InternodeError,
    "Allow it with --allow-net for the name server.",
  );
  assertEquals(error.code, "InvalidArgument");
});
