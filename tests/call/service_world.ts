/**
 * A client and a server in one process.
 *
 * @module
 */

import {
  connect,
  constantResolver,
  type HandlerMap,
  listen,
  memory,
  serve,
  type ServeOptions,
  type ServiceCallOptions,
  type ServiceConnection,
  type SingleMethod,
  type StreamMethod,
} from "@internode/grid/call";
import type { Stream } from "@internode/grid";

let worlds = 0;

/** What makes calls. */
type Calls = Pick<ServiceConnection, "request" | "stream">;

/** What a test calls through, and what it was called with. */
export class ServiceWorld implements Calls, AsyncDisposable {
  /** The options of each call, in order. */
  readonly options: (ServiceCallOptions | undefined)[] = [];
  readonly #connection: Calls;
  readonly #end: () => Promise<void>;

  private constructor(connection: Calls, end: () => Promise<void>) {
    this.#connection = connection;
    this.#end = end;
  }

  /** Connects to a server with these handlers. */
  static async open(handlers: HandlerMap, options: ServeOptions = {}): Promise<ServiceWorld> {
    const name = `service-world-${++worlds}`, stop = new AbortController();
    const listener = await listen(`memory://${name}`, handlers);
    const served = serve(listener, { signal: stop.signal, ...options }).finished;
    const connection = await connect(constantResolver(memory(name)));
    return new ServiceWorld(connection, async () => {
      await connection.close();
      stop.abort();
      await served;
    });
  }

  request<Request, Response>(
    method: SingleMethod<Request, Response>,
    request: NoInfer<Request>,
    options?: ServiceCallOptions,
  ): Promise<Response> {
    this.options.push(options);
    return this.#connection.request(method, request, options);
  }

  stream<Initial, Input, Output>(
    method: StreamMethod<Initial, Input, Output>,
    initial: NoInfer<Initial>,
    options?: ServiceCallOptions,
  ): Stream<Input, Output> {
    this.options.push(options);
    return this.#connection.stream(method, initial, options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#end();
  }
}
