import { Manager, single, stream, type Transport } from "@internode/grid";
import {
  client,
  connect,
  constantResolver,
  implement,
  listen,
  method,
  methodStream,
  serve,
  service,
  tcp,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { assert, assertEquals } from "@std/assert";
import { dials } from "../../lib/grid/dialler.ts";
import { parseHostAddress } from "../../lib/runtime/host_address.ts";
import { tcpTransport } from "../../lib/transport/tcp/tcp.ts";
import { until } from "../conformance/world.ts";
import { NET } from "../support/permitted.ts";
import { TcpBalancer } from "../support/network/tcp_balancer.ts";
import { QuietLogger } from "../support/log/quiet.ts";

const ignore = !NET;
/** So old is a connection when it is renewed, in milliseconds. */
const AGE_MS = 20;
/** So many connections are made at least. */
const CONNECTIONS = 60;
const plan = { initial: t.uint(), output: t.uint(), inputCapacity: 0, outputCapacity: 4 } as const;
const work = single("work", { request: t.uint(), response: t.uint() });
const count = stream("count", plan);
const Work = service("work", {
  work: method({ request: t.uint(), response: t.uint() }),
  count: methodStream(plan),
});

/** Takes longer than a connection lives. */
// deno-lint-ignore internode/no-sleep -- calls have to be under way while connections are renewed
const slowly = (ms: number) => new Promise<number>((resolve) => setTimeout(() => resolve(ms), ms));
async function* numbers(many: number): AsyncGenerator<number> {
  for (let value = 0; value < many; value++) yield await slowly(2).then(() => value);
}

/** Calls over and over until the balancer has given out enough connections; every one has to end well. */
async function load(
  balancer: TcpBalancer,
  request: (ms: number) => Promise<number>,
  open: (many: number) => AsyncIterable<number>,
): Promise<void> {
  const calls: Promise<unknown>[] = [];
  let made = 0;
  const collect = async () => {
    let next = 0;
    for await (const value of open(30)) assertEquals(value, next++);
    assertEquals(next, 30);
  };
  while (balancer.counts.reduce((sum, each) => sum + each, 0) < CONNECTIONS) {
    const ms = made++ % 90;
    calls.push(request(ms).then((answer) => assertEquals(answer, ms)));
    if (made % 10 === 0) calls.push(collect());
    await slowly(2);
  }
  const failed = (await Promise.allSettled(calls)).filter(({ status }) => status === "rejected");
  assertEquals(failed, [], `${failed.length} of ${calls.length}`);
  assert(balancer.counts.every((each) => each > 10), balancer.counts.join());
}

Deno.test({
  name:
    "a host whose address leads to two nodes by turns is renewed over and over, and no call is lost",
  ignore,
  async fn() {
    await using balancer = new TcpBalancer();
    const host = `tcp://127.0.0.1:${balancer.port}`;
    let local: string, port = 50_000;
    do local = `tcp://127.0.0.1:${port++}`; while (!dials(local, host));
    const bare = tcpTransport(), logger = new QuietLogger();
    /** Listens at any port, whatever the name. */
    const behind: Transport = {
      dial: (address, options) => bare.dial(address, options),
      listen: async (_address, options) => {
        const listener = await bare.listen(parseHostAddress("tcp://127.0.0.1:0"), options);
        balancer.targets.push(listener.address.port);
        return listener;
      },
    };
    const options = { hosts: [local, host], transports: { tcp: behind }, logger };
    await using one = new Manager({ ...options, local: host });
    await using two = new Manager({ ...options, local: host });
    for (const node of [one, two]) {
      node.handle(work, slowly);
      node.handle(count, numbers);
      await node.listen();
    }
    await using dialler = new Manager({ ...options, local, maxConnectionAgeMs: AGE_MS });
    dialler.connect();
    const way = dialler.connection(host);
    await load(balancer, (ms) => way.request(work, ms), (many) => way.stream(count, many));
    assertEquals(way.stats().reconnects, 0);
    assertEquals(logger.lines, []);
  },
});

Deno.test({
  name:
    "a replica whose address leads to two servers by turns is renewed over and over, and no call is lost",
  ignore,
  async fn() {
    await using balancer = new TcpBalancer();
    const logger = new QuietLogger(), stop = new AbortController();
    const handlers = implement(Work, { work: slowly, count: numbers });
    const served: Promise<void>[] = [];
    while (served.length < 2) {
      const listener = await listen("tcp://127.0.0.1:0", handlers);
      balancer.targets.push(parseHostAddress(listener.address).port);
      served.push(serve(listener, { signal: stop.signal, logger }).finished);
    }
    {
      await using connection = await connect(constantResolver(tcp(`127.0.0.1:${balancer.port}`)), {
        logger,
        maxConnectionAgeMs: AGE_MS,
      });
      await until(() => connection.replicas[0]?.state === "connected", "the first connection");
      const { work, count } = client(Work, connection);
      await load(balancer, (ms) => work(ms), (many) => count(many));
    }
    stop.abort();
    await Promise.all(served);
    assertEquals(logger.lines, []);
  },
});
