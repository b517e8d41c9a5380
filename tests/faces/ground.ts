/**
 * One server and one caller, the same on each face.
 *
 * @module
 */

import {
  type AnyContract,
  type CallOptions,
  type ConnectionOptions,
  type HandleOptions,
  type Interceptors,
  Manager,
  type Server,
  type SingleContract,
  type SingleHandlerFunction,
  type Stream,
  type StreamContract,
  type StreamHandlerFunction,
} from "@internode/grid";
import {
  connect,
  constantResolver,
  HandlerMap,
  listen,
  makeMethodKey,
  memory,
  type MethodKey,
  serve,
} from "@internode/grid/call";
import { QuietLogger } from "../support/log/quiet.ts";

/** Registers handlers, as `Manager.handle` and `HandlerMap.add` do. */
export interface Registry {
  handle<Request, Response>(
    contract: SingleContract<Request, Response>,
    handler: SingleHandlerFunction<Request, Response>,
    options?: HandleOptions,
  ): void;
  handle<Initial, Input, Output>(
    contract: StreamContract<Initial, Input, Output>,
    handler: StreamHandlerFunction<Initial, Input, Output>,
    options?: HandleOptions,
  ): void;
}

/** How a ground is made. */
export interface GroundOptions {
  /** Registers the server's handlers. */
  readonly handlers?: (registry: Registry) => void;
  /** Settings of the server's side. */
  readonly server?: ConnectionOptions;
  /** Settings of the caller's side. */
  readonly caller?: ConnectionOptions;
  /** Those of the caller's calls, and those of the server's handlers. */
  readonly interceptors?: Interceptors;
}

/** One server and one caller. */
export interface Ground extends AsyncDisposable {
  readonly server: Server;
  readonly log: QuietLogger;
  request<Request, Response>(
    contract: SingleContract<Request, Response>,
    request: Request,
    options?: CallOptions,
  ): Promise<Response>;
  stream<Initial, Input, Output>(
    contract: StreamContract<Initial, Input, Output>,
    initial: Initial,
    options?: CallOptions,
  ): Stream<Input, Output>;
}

/** A face of the library. */
export interface Face {
  readonly name: string;
  start(options: GroundOptions): Promise<Ground>;
}

let count = 0;

/** Peers of a grid. */
export const GRID: Face = {
  name: "the grid",
  async start({ handlers, server = {}, caller = {}, interceptors = {} }) {
    const number = ++count, log = new QuietLogger(), { client, server: served } = interceptors;
    const hosts = [`memory://face-caller-${number}`, `memory://face-server-${number}`] as const;
    const far = new Manager({
      local: hosts[1],
      hosts,
      logger: log,
      interceptors: { server: served },
      ...server,
    });
    handlers?.(far);
    const near = new Manager({
      local: hosts[0],
      hosts,
      logger: log,
      interceptors: { client },
      ...caller,
    });
    const [, serving] = await Promise.all([near.listen(), far.listen()]);
    await near.waitForConnect();
    const to = near.connection(hosts[1]);
    return {
      server: serving,
      log,
      request: (contract, request, options) => to.request(contract, request, options),
      stream: (contract, initial, options) => to.stream(contract, initial, options),
      [Symbol.asyncDispose]: async () => {
        await Promise.all([near.close({ graceMs: 0 }), far.close({ graceMs: 0 })]);
      },
    };
  },
};

/** A client of a service. */
export const CALL: Face = {
  name: "services",
  async start({ handlers, server = {}, caller = {}, interceptors = {} }) {
    const number = ++count, log = new QuietLogger(), map = new HandlerMap();
    const keyOf = ({ name }: AnyContract): MethodKey => makeMethodKey("faces", name);
    handlers?.({
      handle: (contract: AnyContract, handler: unknown, options?: HandleOptions) =>
        void map.add(keyOf(contract), contract as SingleContract, handler as () => never, options),
    });
    const serving = serve(await listen(`memory://face-${number}`, map), {
      logger: log,
      interceptors: interceptors.server,
      ...server,
    });
    const to = await connect(constantResolver(memory(`face-${number}`)), {
      logger: log,
      retry: false,
      interceptors: interceptors.client,
      ...caller,
    });
    return {
      server: serving,
      log,
      request: (contract, request, options) =>
        to.request(
          { kind: "single", key: keyOf(contract), contract, idempotent: false },
          request,
          options,
        ),
      stream: (contract, initial, options) =>
        to.stream(
          { kind: "stream", key: keyOf(contract), contract, idempotent: false },
          initial,
          options,
        ),
      [Symbol.asyncDispose]: async () => {
        await to.close({ graceMs: 0 });
        await serving.close({ graceMs: 0 });
      },
    };
  },
};

/** Runs a test on each face. */
export function onEach(name: string, body: (face: Face) => Promise<void>): void {
  for (const face of [GRID, CALL]) Deno.test(`${face.name}: ${name}`, () => body(face));
}
