/** Options of both faces, given values of wrong types. @module */

import {
  type BackOffOptions,
  type CallOptions,
  type CloseOptions,
  type HandleOptions,
  type Limits,
  Manager,
  type ManagerOptions,
  single,
  type SingleOptions,
  stream,
  type StreamOptions,
  type UpgradeOptions,
  type WaitOptions,
} from "@internode/grid";
import {
  type ClientOptions,
  connect,
  constantResolver,
  type HedgeOptions,
  implement,
  listen,
  memory,
  method,
  methodStream,
  type OutlierOptions,
  type RetryBudgetOptions,
  type RetryOptions,
  serve,
  service,
  type ServiceCallOptions,
} from "@internode/grid/call";
import { QuietLogger } from "../support/log/quiet.ts";
import { BACK_OFF, CONNECTION, HANDSHAKES, LIMITS } from "./connection_kinds.ts";
import { type KindsOf, wrongOptions, wrongTypes } from "./wrong_types.ts";

const logger = new QuietLogger();
let count = 0;

function nodeOf(options: Partial<ManagerOptions>): Manager {
  const local = `memory://wrong-${++count}`;
  return new Manager({ local, hosts: [local], logger, ...options });
}
wrongOptions("Manager", (options) => new Manager(options));
wrongTypes<ManagerOptions>("Manager", nodeOf, {
  ...CONNECTION,
  ...HANDSHAKES,
  local: { good: [], named: "Host" },
  listen: { good: [], named: "" },
  hosts: { good: [], bad: [[4], [null]], named: "ost" },
  admit: { good: [], named: "admit" },
  connect: { good: [], named: "connect" },
  maxConnections: { good: [], named: "maxConnections" },
  leaveGraceMs: "number",
  path: { good: [] },
  allowOrigins: "texts",
  allowHosts: "texts",
  defaultTimeoutMs: "number",
  dialTimeoutMs: "number",
  reconnect: "fields",
  transports: { good: ["object"], bad: [{ memory: 4 }] },
  tls: "methods",
  audit: "function",
  interceptors: { good: ["object"], bad: [{ client: 4 }, { server: [4] }] },
  allowUnauthenticated: "flag",
});
wrongTypes<BackOffOptions>("Manager.reconnect", (reconnect) => nodeOf({ reconnect }), BACK_OFF);
wrongTypes<Limits>("Manager.limits", (limits) => nodeOf({ limits }), LIMITS);

/** Something that handles and calls, which is closed afterwards. */
async function withNode(act: (node: Manager) => unknown): Promise<void> {
  await using node = nodeOf({});
  await node.listen();
  await act(node);
}
const echo = single("echo"), none = new Uint8Array(0);
const feed = stream("feed", { inputCapacity: 0, outputCapacity: 4 });
const CALL: KindsOf<CallOptions> = {
  timeoutMs: "number",
  signal: "signal",
  subroute: "text",
  metadata: { good: ["object", "list"], bad: [{ key: 4 }] },
  values: { good: [] },
  within: { good: [] },
  priority: { good: [] },
  onHeaders: "function",
  onTrailers: "function",
  into: "bytes",
  lendOutputs: "flag",
  waitForReady: "flag",
  spinUs: "number",
};
const request = (options: CallOptions): Promise<void> =>
  withNode((node) => {
    node.handle(echo, (bytes) => bytes);
    return node.connection(node.local).request(echo, none, options);
  });
const opened = (options: CallOptions): Promise<void> =>
  withNode((node) => {
    node.handle(feed, () => []);
    return node.connection(node.local).stream(feed, none, options).finished;
  });
wrongTypes<CallOptions>("Connection.request", request, CALL);
wrongTypes<CallOptions>("Connection.stream", opened, CALL);
wrongOptions("Connection.request", request);
wrongOptions("Connection.stream", opened);

const HANDLE: KindsOf<HandleOptions> = {
  subroutes: "texts",
  concurrency: { good: ["number", "object"] },
  queue: "number",
  allow: "function",
  lendRequest: "flag",
  lendInputs: "flag",
};
const handle = (options: HandleOptions): Promise<void> =>
  withNode((node) => node.handle(echo, (bytes) => bytes, options));
wrongTypes<HandleOptions>("Manager.handle", handle, HANDLE);
wrongOptions("Manager.handle", handle);
wrongTypes<{ handler: unknown; contract: unknown }>(
  "Manager.handle",
  ({ handler = () => none, contract = echo }) =>
    withNode((node) => node.handle(contract as never, handler as never)),
  { handler: "function", contract: "methods" },
);
wrongTypes<{ contract: unknown }>(
  "Connection.request",
  ({ contract }) =>
    withNode((node) => node.connection(node.local).request(contract as never, none)),
  { contract: "methods" },
);
wrongTypes<{ contract: unknown }>(
  "Connection.stream",
  ({ contract }) =>
    withNode((node) => node.connection(node.local).stream(contract as never, none).finished),
  { contract: "methods" },
);
wrongTypes<{ host: unknown }>(
  "Manager.connection",
  ({ host }) => withNode((node) => node.connection(host as never)),
  { host: { good: [], named: "Host" } },
);
wrongTypes<{ subscriber: unknown }>(
  "Manager.trace",
  ({ subscriber }) => withNode((node) => node.trace(subscriber as never)),
  { subscriber: "function" },
);
wrongTypes<{ listener: unknown }>(
  "Connection.onStateChange",
  ({ listener }) =>
    withNode((node) => node.connection(node.local).onStateChange(listener as never)),
  { listener: "function" },
);
wrongTypes<{ listener: unknown }>(
  "Manager.onHostsChange",
  ({ listener }) => withNode((node) => node.onHostsChange(listener as never)),
  { listener: "function" },
);
wrongTypes<{ hosts: unknown; graceMs: number }>(
  "Manager.setHosts",
  ({ hosts, graceMs }) =>
    withNode((node) => {
      node.setHosts(hosts === undefined ? [node.local] : hosts as never, { graceMs });
    }),
  { hosts: { good: [], bad: [[4], [null]], named: "ost" }, graceMs: "number" },
);
const WAIT: KindsOf<WaitOptions> = { timeoutMs: "number", signal: "signal" };
const waitForAll = (options: WaitOptions) => withNode((node) => node.waitForConnect(options));
wrongTypes<WaitOptions>("Manager.waitForConnect", waitForAll, WAIT);
wrongOptions("Manager.waitForConnect", waitForAll);
const waitForOne = (options: WaitOptions): Promise<void> =>
  withNode((node) => node.connection(node.local).waitForConnect(options));
wrongTypes<WaitOptions>("Connection.waitForConnect", waitForOne, WAIT);
wrongOptions("Connection.waitForConnect", waitForOne);
const CLOSE: KindsOf<CloseOptions> = { graceMs: "number" };
const closeNode = (options: CloseOptions) => withNode((node) => node.close(options));
wrongTypes<CloseOptions>("Manager.close", closeNode, CLOSE);
wrongOptions("Manager.close", closeNode);
const upgrade = (options: UpgradeOptions) =>
  withNode((node) => node.upgrade(new Request("http://localhost/internode"), options));
wrongTypes<UpgradeOptions>("Manager.upgrade", upgrade, {
  remoteAddress: "text",
  server: "methods",
});
wrongOptions("Manager.upgrade", upgrade);
wrongTypes<{ request: unknown }>(
  "Manager.upgrade",
  ({ request }) => withNode((node) => node.upgrade(request as never)),
  { request: { good: [], named: "Request" } },
);

// deno-lint-ignore no-explicit-any -- any contract's
const SINGLE: KindsOf<SingleOptions<any, any, any>> = {
  request: "methods",
  response: "methods",
  detail: "methods",
  docs: "text",
};
// deno-lint-ignore no-explicit-any -- any contract's
const STREAM: KindsOf<StreamOptions<any, any, any, any, any, any>> = {
  initial: "methods",
  input: "methods",
  output: "methods",
  inputCapacity: "number",
  outputCapacity: "number",
  detail: "methods",
  docs: "text",
};
const capacities = { inputCapacity: 1, outputCapacity: 4 };
wrongTypes<object>("single", (options) => single("a", options as never), SINGLE);
wrongTypes("stream", (options) => stream("a", { ...capacities, ...options as object }), STREAM);
wrongOptions("single", (options) => single("a", options));
wrongOptions("stream", (options) => stream("a", options));
const NAME = { name: { good: ["text"] } } as const;
wrongTypes<{ name: unknown }>("single", ({ name }) => single(name as never), NAME);
wrongTypes<{ name: unknown }>("stream", ({ name }) => stream(name as never, capacities), NAME);
const named = (made: unknown, name = "x"): unknown =>
  service("s", { [name]: made as ReturnType<typeof method> });
wrongTypes("method", (options) => named(method(options as never)), {
  ...SINGLE,
  idempotent: "flag",
});
wrongTypes(
  "methodStream",
  (options) => named(methodStream({ ...capacities, ...options as object })),
  STREAM,
);
wrongOptions("method", (options) => named(method(options)));
wrongOptions("methodStream", (options) => named(methodStream(options)));
wrongTypes<{ name: unknown; methods: unknown; method: unknown }>(
  "service",
  ({ name = "s", methods, method: one = method() }) =>
    service(name as never, methods === undefined ? { one: one as never } : methods as never),
  { name: { good: ["text"] }, methods: "fields", method: "methods" },
);
wrongTypes<object>("service", (options) => service("s", {}, options as never), { docs: "text" });
wrongOptions("service", (options) => service("s", {}, options));

async function withClient(options: ClientOptions): Promise<void> {
  const resolver = constantResolver(memory(`wrong-${++count}`));
  await (await connect(resolver, { logger, ...options })).close();
}
wrongTypes<ClientOptions>("connect", withClient, {
  interceptors: "methodsList",
  ...CONNECTION,
  signal: "signal",
  balancer: "methods",
  zone: { good: ["text"] },
  name: "text",
  connections: "number",
  defaultTimeoutMs: "number",
  dialTimeoutMs: "number",
  reconnect: "fields",
  retry: { good: ["true", "object"] },
  retryBudget: "fields",
  hedge: "methods",
  outliers: "fields",
});
wrongOptions("connect", (options) => connect(constantResolver(memory("a")), options));
wrongTypes<{ resolver: unknown }>("connect", ({ resolver }) => connect(resolver as never), {
  resolver: "methods",
});
wrongTypes<BackOffOptions>("connect.reconnect", (reconnect) => withClient({ reconnect }), BACK_OFF);
wrongTypes<Limits>("connect.limits", (limits) => withClient({ limits }), LIMITS);
const HEDGE: KindsOf<HedgeOptions> = { delayMs: "number", maxAttempts: "number" };
const RETRY: KindsOf<RetryOptions> = { maxAttempts: "number" };
wrongTypes<Partial<HedgeOptions>>(
  "connect.hedge",
  (hedge) => withClient({ hedge: { delayMs: 1, ...hedge } }),
  HEDGE,
);
wrongTypes<RetryOptions>("connect.retry", (retry) => withClient({ retry }), RETRY);
wrongTypes<RetryBudgetOptions>(
  "connect.retryBudget",
  (retryBudget) => withClient({ retryBudget }),
  { ratio: "number", minPerSecond: "number", windowMs: "number" },
);
wrongTypes<OutlierOptions>("connect.outliers", (outliers) => withClient({ outliers }), {
  maxFailures: "number",
  setAsideMs: "number",
  maxSetAsideMs: "number",
});

const Echo = service("echo", {
  echo: method({ idempotent: true }),
  feed: methodStream({ inputCapacity: 0, outputCapacity: 4 }),
});
const SERVICE_CALL: KindsOf<ServiceCallOptions> = {
  within: { good: [] },
  priority: { good: [] },
  values: { good: [] },
  shardKey: { good: ["number", "text", "bigint"] },
  balancer: "methods",
  timeoutMs: "number",
  signal: "signal",
  onHeaders: "function",
  onTrailers: "function",
  into: "bytes",
  lendOutputs: "flag",
  waitForReady: "flag",
  spinUs: "number",
  metadata: { good: ["object", "list"], bad: [{ key: 4 }] },
  retry: { good: ["true", "object"] },
  hedge: "methods",
  idempotent: "flag",
};
type Calls = Awaited<ReturnType<typeof connect>>;
async function calling(act: (connection: Calls) => unknown): Promise<void> {
  const name = `wrong-${++count}`;
  const handlers = implement(Echo, { echo: (bytes) => bytes, feed: () => [] });
  await using _server = serve(await listen(`memory://${name}`, handlers), { logger });
  await using connection = await connect(constantResolver(memory(name)), { logger });
  await act(connection);
}
const call = (options: ServiceCallOptions): Promise<void> =>
  calling((connection) => connection.call(Echo.methods.echo.key, none, options));
const ask = (options: ServiceCallOptions): Promise<void> =>
  calling((connection) => connection.request(Echo.methods.echo, none, options));
const open = (options: ServiceCallOptions): Promise<void> =>
  calling((connection) => connection.stream(Echo.methods.feed, none, options).finished);
for (
  const [what, act] of [
    ["ServiceConnection.call", call],
    ["ServiceConnection.request", ask],
    ["ServiceConnection.stream", open],
  ] as const
) {
  wrongTypes<ServiceCallOptions>(what, act, SERVICE_CALL);
  wrongTypes<Partial<HedgeOptions>>(
    `${what}.hedge`,
    (hedge) => act({ hedge: { delayMs: 1, ...hedge } }),
    HEDGE,
  );
  wrongTypes<RetryOptions>(`${what}.retry`, (retry) => act({ retry }), RETRY);
  wrongOptions(what, act);
}
