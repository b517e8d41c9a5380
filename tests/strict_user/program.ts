/**
 * What a user with the strictest of compilers writes: every export of the
 * package by name, and both faces, streams, codecs, tracing and simulations in
 * use. `strict_user_test.ts` checks it, and all sources that it reaches.
 *
 * @module
 */

import {
  type CallInFlight,
  contextKey,
  type HandlerContext,
  type Inspectable,
  type InterceptedCall,
  InternodeError,
  Manager,
  type Next,
  sharedSecret,
  single,
  type SingleContract,
  stream,
} from "@internode/grid";
import { admin, AdminClient } from "@internode/grid/admin";
import { bearer, bearerToken, tokenClaims } from "@internode/grid/auth";
import * as call from "@internode/grid/call";
import { runCommandLine } from "@internode/grid/cli";
import * as t from "@internode/grid/codec";
import { dnsResolver, type Resolver } from "@internode/grid/discovery";
import { etcdResolver } from "@internode/grid/etcd";
import { kubernetesResolver } from "@internode/grid/kubernetes";
import { health, nodeListener, operations, prometheus } from "@internode/grid/operations";
import { otelMeter, otelTracer } from "@internode/grid/otel";
import {
  etcdLeases,
  gather,
  gridLeases,
  type HostResult,
  type Lease,
  type Leases,
  loggedOutput,
  majorityOf,
  mergeStreams,
  outputLog,
  replicas,
  resume,
  resumeUpload,
  topic,
} from "@internode/grid/patterns";
import { breaking, codecOf, describe, jsonSchema, snapshot } from "@internode/grid/reflection";
import { SimulatedCluster } from "@internode/grid/testing";
import { serveWorkers, type WorkerServer } from "@internode/grid/workers";

/** A contract that others import has its type in full, as declarations are made file by file. */
export const greet: SingleContract<{ name: string }, { text: string }> = single(
  "greet",
  {
    request: t.record({ name: t.string() }),
    response: t.record({ text: t.string() }),
  },
);

const sums = stream("sums", {
  initial: t.record({ start: t.int(), step: t.optional(t.int()) }),
  input: t.int(),
  output: t.int(),
  inputCapacity: 4,
  outputCapacity: 2,
});

const Cache = call.service("cache", {
  get: call.method({
    request: t.string(),
    response: t.nullable(t.string()),
    idempotent: true,
  }),
  put: call.method({ request: t.map(t.string()), response: t.nothing() }),
});

const counts = contextKey("counts", 0);

/** On either side. */
function counting<Call extends InterceptedCall>(next: Next<Call>): Next<Call> {
  return async (call) => {
    call.values.set(counts, call.values.get(counts) + 1);
    const result = await next({
      ...call,
      metadata: { ...call.metadata, counted: "yes" },
    });
    return result.kind === "single" ? { ...result, response: result.response } : result;
  };
}

class Greeter {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  greet({ name }: { name: string }, context: HandlerContext): { text: string } {
    return {
      text: `Hello ${name}, this is ${this.#name}, for ${context.caller}, ${
        context.values.get(tokenClaims)?.["sub"]
      }.`,
    };
  }
}

async function grid(): Promise<number> {
  const hosts = ["memory://one", "memory://two"] as const;
  const auth = sharedSecret("at least 16 bytes; make it 32 random ones");
  await using one = new Manager({
    local: hosts[0],
    hosts,
    auth,
    tracer: otelTracer(),
    meter: otelMeter(),
    interceptors: {
      server: [counting, bearerToken({ verify: (sub) => ({ sub }) })],
    },
  });
  await using two = new Manager({
    local: hosts[1],
    hosts,
    auth,
    interceptors: { client: [counting, bearer("a-token")] },
  });
  const greeter = new Greeter("one");
  one.handle(greet, (request, context) => {
    context.setTrailers({ greeted: request.name });
    return greeter.greet(request, context);
  });
  one.handle(sums, async function* ({ start, step }, input) {
    let total = start;
    for await (const number of input) yield total += number + (step ?? 0);
  });
  one.handle(admin, { allow: ({ host }) => host === "ops", calls: true });
  await Promise.all([one.listen(), two.listen()]);
  await using tool = await AdminClient.connect(hosts[0], { auth, name: "ops" });
  const { remotes, stats } = await tool.status();
  console.error(remotes.length, stats["connections"]);

  const peer = two.connection(hosts[0]), heard: string[] = [];
  try {
    await peer.request(greet, { name: "two" }, {
      timeoutMs: 1_000,
      onTrailers: ({ greeted }) => heard.push(greeted ?? "nobody"),
    });
  } catch (error) {
    if (!(error instanceof InternodeError)) throw error;
    console.log(error.code, error.outcome, error.origin);
  }
  await using adding = peer.stream(sums, { start: 100 });
  await adding.send(1);
  adding.end();
  const headers: Readonly<Record<string, string>> = await adding.headers;
  console.assert(heard[0] === "two" && headers["none"] === undefined);
  let last = 0;
  for await (const total of adding) last = total;
  return last;
}

async function service(): Promise<string | null> {
  const stop = new AbortController(), values = new Map<string, string>();
  const handlers = call.implement(Cache, {
    get: (key) => values.get(key) ?? null,
    put: (entries) => {
      for (const [key, value] of entries) values.set(key, value);
    },
  });
  const serving = call.serve(await call.listen("memory://cache", handlers), {
    signal: stop.signal,
  }).finished;
  const resolver = call.constantResolver(call.memory("cache"));
  await using connection = await call.connect(resolver, {
    balancer: call.consistentHash(),
  });
  const cache = call.client(Cache, connection);
  await cache.put(new Map([["colour", "blue"]]), { shardKey: "colour" });
  const colour = await cache.get("colour", {
    shardKey: "colour",
    timeoutMs: 500,
  });
  stop.abort();
  await serving;
  return colour;
}

async function simulation(): Promise<string> {
  const cluster = new SimulatedCluster({
    nodes: 3,
    seed: 7,
    start: ({ host, hosts, clock, random, transports }) =>
      new Manager({ local: host, hosts, clock, random, transports }),
  });
  await cluster.run(() => cluster.start());
  await cluster.close();
  return cluster.history.digest;
}

/** What a program without permissions can only be made to understand. */
export function elsewhere(module: URL): [Resolver[], Promise<WorkerServer>] {
  const resolvers = [
    etcdResolver({ urls: "http://127.0.0.1:2379", prefix: "services/cache" }),
    dnsResolver("cache.example", { port: 9000 }),
    kubernetesResolver({ service: "cache", namespace: "shop", port: "grid" }),
  ];
  return [
    resolvers,
    serveWorkers(module, { workers: 2, address: "unix:///run/cache.sock" }),
  ];
}

/** The command line of the package, within a program. */
export async function printVersion(): Promise<boolean> {
  return await runCommandLine(["version"]) === 0;
}

/** What is to be seen while calls run. */
export function oldest(face: Inspectable): readonly string[] {
  return face.calls({ limit: 10, minAgeMs: 1_000 }).map((
    { handler, host, state, ageMs, stream }: CallInFlight,
  ) => `${handler} ${host} ${state} ${ageMs} ${stream?.queuedBytes ?? 0}`);
}

/** Many at once, on each face and by a function. */
export async function gathered(
  node: Manager,
  service: call.ServiceConnection,
): Promise<readonly string[]> {
  const { values } = await gather(node.connections(), greet, { name: "all" }, {
    self: node,
    need: majorityOf(node.hosts.length),
    accept: ({ text }, host) => text !== host,
    rest: "finish",
    hedgeDelayMs: 20,
  });
  const caches = gather(replicas(service), Cache.methods.get, "colour", {
    timeoutMs: 50,
  });
  const texts = values.map(({ text }) => text);
  for await (const result of caches) {
    texts.push(result.ok ? result.value ?? "" : result.code ?? result.outcome);
  }
  const asked = await gather(
    [{ host: "a", disk: 1 }],
    ({ disk }, { timeoutMs }) => {
      return Promise.resolve(disk + timeoutMs);
    },
  );
  const results: readonly HostResult<number>[] = asked.results;
  return [...texts, ...results.map(({ host }) => host)];
}

/** Streams of many as one. */
export async function merged(node: Manager): Promise<number> {
  const step = { start: 1 };
  let sum = 0;
  for await (
    const output of mergeStreams(node.connections(), sums, step, {
      self: node,
      orderBy: (value) => value,
      onError: "skip",
    })
  ) {
    sum += output.ok ? output.value : output.ms;
  }
  for await (const { value } of mergeStreams(node.connections(), sums, step)) {
    sum += value;
  }
  return sum;
}

/** What a contract says of itself, with a codec that says nothing. */
export function described(): string {
  const odd: t.Codec<number> = {
    encode: (value, writer) => t.uint().encode(value, writer),
    decode: (reader) => t.uint().decode(reader),
  };
  const own = single("own", {
    docs: "Mine.",
    request: t.documented(odd, "Odd."),
  });
  const description: t.Description = t.describe(t.list(odd));
  const made: t.Codec<unknown> = codecOf(t.describe(greet.request));
  t.toBytes(made, { name: "strict" });
  if (breaking(snapshot([own, Cache]), [own, Cache]).length > 0) {
    throw new Error("changed");
  }
  return JSON.stringify([
    jsonSchema(description),
    describe(own),
    describe(Cache).methods.length,
    description,
  ]);
}

/** What operators ask of a node. */
export async function operated(): Promise<number> {
  const local = "memory://strict-operated";
  await using grid = new Manager({ local, hosts: [local] });
  const answer = operations({ grid, minPeers: 0 });
  nodeListener(answer);
  const asked = new Request("http://127.0.0.1/ready");
  const isListening = health([grid]).ready.ok;
  return isListening || prometheus(grid).text() === "" ? 200 : answer(asked).status;
}

/** What goes on after a loss. */
export async function resumed(): Promise<string> {
  const log = outputLog<string>({ maxItems: 10 });
  const from = log.append("one");
  log.append("two");
  log.close();
  t.toBytes(loggedOutput(t.string()), { position: from, value: "one" });
  const watch = resume((position: string | undefined) => log.read(position), {
    position: (output) => output.position,
    from,
  });
  let last = "";
  for await (const { value } of watch) last = value;
  const upload = resumeUpload((_: number | undefined, { signal }) => {
    return Promise.reject(signal.reason);
  }, {
    position: (input: string) => input.length,
    acknowledged: (output: number) => output,
  });
  await upload.end();
  return last;
}

/** What is told to whoever wants to hear it. */
export async function told(): Promise<string | undefined> {
  const local = "memory://strict-told";
  await using grid = new Manager({ local, hosts: [local] });
  await using news = topic("news", t.string(), { slow: "drop-newest", replay: 1 }).join(grid);
  await news.publish("one");
  for await (const { value, publisher } of news.subscribe()) {
    return publisher === local && news.stats().published === 1 ? value : undefined;
  }
  return undefined;
}

/** What one node alone does. */
export async function leased(node: Manager, hasEtcd: boolean): Promise<number> {
  const leases: Leases = hasEtcd
    ? etcdLeases({ urls: "http://127.0.0.1:2379", prefix: "p", holder: "h" })
    : gridLeases(node, { voters: node.hosts, ttlMs: 200, allow: () => true });
  const onGained = ({ token, signal }: Lease): boolean => signal.aborted || token > 0;
  const leader = leases.leader("x", {
    onGained,
    onLost: (lease, reason) => [lease, reason],
  });
  leases.singleton("y", (lease) => Promise.resolve(lease.remainingMs), {
    graceMs: 0,
  });
  await using lease = await leases.lease("z", { timeoutMs: 5_000 });
  await leader.close();
  const { token, isHeld } = lease;
  await leases.close();
  return isHeld ? token : 0;
}

/** The same on a node of its own. */
async function leads(): Promise<boolean> {
  const local = "memory://strict-leader";
  await using node = new Manager({ local, hosts: [local] });
  const token = leased(node, false);
  await node.listen();
  return await token > 0;
}

if (import.meta.main) {
  if (!await leads()) throw new Error("it has gained no lease");
  if (await told() !== "one") throw new Error("nothing was heard");
  if (await resumed() !== "two") throw new Error("it was not resumed");
  if (await operated() !== 503) throw new Error("it does not listen");
  if (!described().includes(`"docs":"Odd."`)) throw new Error(described());
  console.log(await grid(), await service(), await simulation());
}
