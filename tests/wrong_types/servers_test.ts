/** Options of servers, handlers and workers, given values of wrong types. @module */

import type { CloseOptions } from "@internode/grid";
import {
  HandlerMap,
  implement,
  type ImplementOptions,
  listen,
  makeMethodKey,
  method,
  type MethodOptions,
  serve,
  type ServeOptions,
  serveWorkers,
  type ServeWorkersOptions,
  service,
  type ServiceListenOptions,
} from "@internode/grid/call";
import { QuietLogger } from "../support/log/quiet.ts";
import { CONNECTION, HANDSHAKES } from "./connection_kinds.ts";
import { type KindsOf, wrongOptions, wrongTypes } from "./wrong_types.ts";

const logger = new QuietLogger(), none = new Uint8Array(0);
let count = 0;

function listenWith(options: ServiceListenOptions): ReturnType<typeof listen> {
  return listen(`memory://wrong-server-${++count}`, new HandlerMap(), { logger, ...options });
}
wrongTypes<ServiceListenOptions>("listen", listenWith, {
  ...HANDSHAKES,
  transports: { good: ["object"], bad: [{ memory: 4 }] },
  authorize: "function",
  allowOrigins: "texts",
  allowHosts: "texts",
  sharePort: "flag",
  audit: "function",
  logger: "fields",
});
wrongOptions("listen", (options) => listen(`memory://wrong-${++count}`, new HandlerMap(), options));
wrongTypes<{ address: unknown; handlers: unknown }>(
  "listen",
  ({ address = `memory://wrong-${++count}`, handlers = new HandlerMap() }) =>
    listen(address as never, handlers as never),
  { address: { good: ["text"], named: "endpoint" }, handlers: "function" },
);

const SERVE: KindsOf<ServeOptions> = {
  interceptors: "methodsList",
  ...CONNECTION,
  signal: "signal",
  name: "text",
  graceMs: "number",
  audit: "function",
  allowUnauthenticated: "flag",
};
async function served(options: ServeOptions, close?: CloseOptions): Promise<void> {
  await using listener = new Closing(await listenWith({}));
  await serve(listener.inner, options).close(close);
}
wrongTypes<ServeOptions>("serve", (options) => served({ logger, ...options }), SERVE);
wrongTypes<CloseOptions>("Server.close", (close) => served({ logger }, close), {
  graceMs: "number",
});
wrongOptions("serve", served);
wrongOptions("Server.close", (options) => served({ logger }, options));
wrongTypes<{ listener: unknown }>("serve", ({ listener }) => serve(listener as never), {
  listener: "methods",
});

/** Closes a listener that nobody serves. */
class Closing {
  readonly inner: Awaited<ReturnType<typeof listen>>;
  constructor(inner: Awaited<ReturnType<typeof listen>>) {
    this.inner = inner;
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.inner.close();
  }
}

const METHOD: KindsOf<MethodOptions> = {
  concurrency: { good: ["number", "object"] },
  queue: "number",
  allow: "function",
  lendRequest: "flag",
  lendInputs: "flag",
};
const set = (options: MethodOptions): HandlerMap =>
  new HandlerMap().set("a", "b", () => none, options);
wrongTypes<MethodOptions>("HandlerMap.set", set, METHOD);
wrongOptions("HandlerMap.set", set);
wrongTypes<{ component: unknown; method: unknown; handler: unknown }>(
  "HandlerMap.set",
  ({ component = "a", method = "b", handler = () => none }) =>
    new HandlerMap().set(component as never, method as never, handler as never),
  { component: "text", method: "text", handler: "function" },
);
wrongTypes<{ key: unknown; contract: unknown }>(
  "HandlerMap.add",
  ({ key = makeMethodKey("a", "b"), contract = Echo.methods.echo.contract }) =>
    new HandlerMap().add(key as never, contract as never, () => none as never),
  { key: "methods", contract: "methods" },
);
wrongTypes<{ component: unknown; method: unknown }>(
  "makeMethodKey",
  ({ component = "a", method = "b" }) => makeMethodKey(component as never, method as never),
  { component: "text", method: "text" },
);

const Echo = service("echo", { echo: method() });
type Echoing = ImplementOptions<typeof Echo["methods"]>;
const implementing = (options: Echoing): HandlerMap =>
  implement(Echo, { echo: (bytes) => bytes }, options);
wrongTypes<Echoing>("implement", implementing, {
  into: "methods",
  allow: "function",
  methods: "fields",
});
wrongTypes<MethodOptions>(
  "implement.methods",
  (echo) => implementing({ methods: { echo } }),
  METHOD,
);
wrongOptions("implement", implementing);
wrongTypes<{ service: unknown; implementation: unknown }>(
  "implement",
  ({ service = Echo, implementation = { echo: () => none } }) =>
    implement(service as never, implementation as never),
  { service: "methods", implementation: "methods" },
);

const {
  audit: _audit,
  auth: _auth,
  clock: _clock,
  logger: _logger,
  meter: _meter,
  random: _random,
  interceptors: _interceptors,
  tracer: _tracer,
  ...SETTINGS
} = SERVE;
const base = { workers: 1, address: (): string => "memory://wrong-worker" };
const module = new URL("./no_such_worker.ts", import.meta.url);
wrongTypes<ServeWorkersOptions>(
  "serveWorkers",
  (options) => serveWorkers(module, { ...base, logger, ...options }),
  {
    ...SETTINGS,
    workers: "number",
    address: { good: ["function", "text"] },
    data: { good: ["number", "nan", "text", "true", "null", "list", "object", "bigint"] },
    startTimeoutMs: "number",
    hangTimeoutMs: "number",
    restart: "fields",
    logger: "fields",
  },
);
wrongOptions("serveWorkers", (options) => serveWorkers(module, options));
wrongTypes<{ module: unknown }>(
  "serveWorkers",
  ({ module }) => serveWorkers(module as never, { ...base, logger }),
  { module: { good: [] } },
);
