/** Options of resolvers, endpoints and balancers, given values of wrong types. @module */

import {
  balancerFunc,
  client,
  consistentHash,
  type ConsistentHashOptions,
  constantResolver,
  directoryResolver,
  type DirectoryResolverOptions,
  dnsResolver,
  type DnsResolverOptions,
  type EndpointAttributes,
  etcdResolver,
  type EtcdResolverOptions,
  fileResolver,
  type FileResolverOptions,
  type HttpTls,
  ManualResolver,
  type ManualResolverOptions,
  memory,
  MtlsCredentials,
  type MtlsCredentialsOptions,
  type NameServer,
  type NetEndpointOptions,
  parseNetEndpoint,
  register,
  type RegisterOptions,
  tcp,
  type TcpEndpointOptions,
  unix,
  WatchingResolver,
  type WebSocketEndpointOptions,
  withAttributes,
  ws,
} from "@internode/grid/call";
import { QuietLogger } from "../support/log/quiet.ts";
import { type KindsOf, wrongOptions, wrongTypes } from "./wrong_types.ts";

const logger = new QuietLogger();
const TRANSPORTS = { good: ["object"], bad: [{ memory: 4 }] } as const;
const SHRINK = { maxShrink: { good: [] }, shrinkHoldMs: "number" } as const;
const ADDRESSES = {
  memory: "a",
  unix: "/a",
  tcp: "a:1",
  ws: "ws://a",
  parseNetEndpoint: "memory://a",
};
const ENDPOINT: KindsOf<NetEndpointOptions> = { transports: TRANSPORTS };
const WEB_SOCKET: KindsOf<WebSocketEndpointOptions> = {
  transports: TRANSPORTS,
  token: { good: ["text", "function"] },
};
const TCP: KindsOf<TcpEndpointOptions> = { transports: TRANSPORTS, lookUp: "function" };
wrongTypes<NetEndpointOptions>("memory", (options) => memory("a", options), ENDPOINT);
wrongTypes<NetEndpointOptions>("unix", (options) => unix("/a", options), ENDPOINT);
wrongTypes<TcpEndpointOptions>("tcp", (options) => tcp("a:1", options), TCP);
wrongTypes<WebSocketEndpointOptions>("ws", (options) => ws("ws://a/b", options), WEB_SOCKET);
wrongTypes<WebSocketEndpointOptions>(
  "parseNetEndpoint",
  (options) => parseNetEndpoint("ws://a/b", options),
  WEB_SOCKET,
);
for (
  const [what, make] of [["memory", memory], ["unix", unix], ["tcp", tcp], ["ws", ws], [
    "parseNetEndpoint",
    parseNetEndpoint,
  ]] as const
) {
  wrongOptions(what, (options) => make(ADDRESSES[what], options));
  wrongTypes<{ address: unknown }>(what, ({ address }) => make(address as never), {
    address: { good: ["text"], named: "" },
  });
}
wrongTypes<EndpointAttributes>(
  "withAttributes",
  (attributes) => withAttributes(memory("a"), attributes),
  {
    name: "text",
    priority: "number",
    weight: "number",
    zone: "text",
    metadata: { good: ["object"], bad: [{ a: 4 }] },
  },
);
wrongTypes<{ endpoint: unknown; attributes: unknown }>(
  "withAttributes",
  ({ endpoint = memory("a"), attributes = {} }) =>
    withAttributes(endpoint as never, attributes as never),
  { endpoint: "methods", attributes: { good: ["object"], named: "ttributes" } },
);

wrongTypes<{ endpoint: unknown }>(
  "constantResolver",
  ({ endpoint }) => constantResolver(endpoint as never),
  { endpoint: "methods" },
);
wrongTypes<{ endpoints: unknown }>(
  "ManualResolver",
  ({ endpoints }) => new ManualResolver(endpoints as never),
  { endpoints: "methodsList" },
);
wrongTypes<ManualResolverOptions>(
  "ManualResolver",
  (options) => new ManualResolver([], { maxShrink: 0.5, ...options }),
  { ...SHRINK, logger: "fields", clock: "methods" },
);
wrongOptions("ManualResolver", (options) => new ManualResolver([], options));
wrongOptions("WatchingResolver", (options) => new WatchingResolver(async () => {}, options));
wrongTypes<{ watch: unknown }>(
  "WatchingResolver",
  ({ watch }) => new WatchingResolver(watch as never),
  { watch: "function" },
);

wrongTypes<FileResolverOptions>(
  "fileResolver",
  (options) => fileResolver({ path: "/a", ...options }),
  {
    path: "text",
    ...SHRINK,
    settleMs: "number",
    pollIntervalMs: "number",
    makeEndpoint: "function",
    logger: "fields",
    clock: "methods",
  },
);
wrongOptions("fileResolver", (options) => fileResolver(options), [4, true, null, 5n, () => {}]);
wrongTypes<DirectoryResolverOptions>(
  "directoryResolver",
  (options) => directoryResolver({ path: "/a", ...options }),
  {
    ...SHRINK,
    path: "text",
    pollIntervalMs: "number",
    makeEndpoint: "function",
    logger: "fields",
    clock: "methods",
  },
);
wrongOptions("directoryResolver", (options) => directoryResolver(options), [
  4,
  true,
  null,
  5n,
  () => {},
]);
wrongTypes<DnsResolverOptions>(
  "dnsResolver",
  (options) => dnsResolver("a", { port: 1, ...options }),
  {
    port: "number",
    type: { good: [] },
    intervalMs: "number",
    timeoutMs: "number",
    ...SHRINK,
    nameServer: "methods",
    makeEndpoint: "function",
    resolveDns: "function",
    logger: "fields",
    clock: "methods",
    random: "methods",
  },
);
wrongTypes<NameServer>(
  "dnsResolver.nameServer",
  (nameServer) => dnsResolver("a", { port: 1, nameServer: { ipAddr: "::1", ...nameServer } }),
  { ipAddr: "text", port: "number" },
);
wrongOptions("dnsResolver", (options) => dnsResolver("a", options));
wrongTypes<{ name: unknown }>(
  "dnsResolver",
  ({ name }) => dnsResolver(name as never, { port: 1 }),
  {
    name: "text",
  },
);
const etcd = { urls: "http://127.0.0.1:1", prefix: "a" };
wrongTypes<EtcdResolverOptions>(
  "etcdResolver",
  (options) => etcdResolver({ ...etcd, ...options }),
  {
    urls: "textOrTexts",
    user: "text",
    password: { good: ["text", "function"] },
    tls: "fields",
    requestTimeoutMs: "number",
    httpClient: "fields",
    clock: "methods",
    prefix: "text",
    ...SHRINK,
    refreshMs: "number",
    makeEndpoint: "function",
    logger: "fields",
    random: "methods",
  },
);
wrongOptions("etcdResolver", (options) => etcdResolver(options));
wrongTypes<HttpTls>(
  "etcdResolver.tls",
  (tls) => etcdResolver({ ...etcd, tls }),
  {
    ca: { good: ["list"], bad: [[4], [null]] },
    caFile: "text",
    cert: { good: [] },
    certFile: "text",
    key: { good: [] },
    keyFile: "text",
  },
);
const registration = { ...etcd, startTimeoutMs: 100, logger };
wrongTypes<RegisterOptions>(
  "register",
  (options) => register("tcp://a:1", { ...registration, ...options }),
  {
    urls: "textOrTexts",
    user: "text",
    password: { good: ["text", "function"] },
    tls: "fields",
    requestTimeoutMs: "number",
    httpClient: "fields",
    clock: "methods",
    prefix: "text",
    ttlSeconds: "number",
    startTimeoutMs: "number",
    closeTimeoutMs: "number",
    signal: "signal",
    logger: "fields",
    random: "methods",
  },
);
wrongOptions("register", (options) => register("tcp://a:1", options));

wrongTypes<ConsistentHashOptions>("consistentHash", (options) => consistentHash(options), {
  keyOf: "function",
});
wrongOptions("consistentHash", (options) => consistentHash(options));
wrongTypes<{ pick: unknown }>("balancerFunc", ({ pick }) => balancerFunc(pick as never), {
  pick: "function",
});
wrongTypes<{ service: unknown; connection: unknown }>(
  "client",
  ({ service = { name: "a", methods: {} }, connection = { request() {}, stream() {} } }) =>
    client(service as never, connection as never),
  { service: "methods", connection: "methods" },
);
wrongTypes<MtlsCredentialsOptions>(
  "MtlsCredentials",
  (options) => new MtlsCredentials({ cert: "", key: "", ca: "" }, options),
  {
    settleMs: "number",
    pollIntervalMs: "number",
    warnBeforeExpiryMs: { good: ["number"] },
    logger: "fields",
    clock: "methods",
  },
);
wrongOptions(
  "MtlsCredentials",
  (options) => new MtlsCredentials({ cert: "", key: "", ca: "" }, options),
);
