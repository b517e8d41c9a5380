/**
 * Asks the admin service of a node or server.
 *
 * @module
 */

import { connect } from "../call/connect.ts";
import type { ServiceConnection } from "../call/service_connection.ts";
import type { ClientOptions } from "../call/service/client_options.ts";
import { gridMethod } from "../call/service/grid_method.ts";
import { InternodeError } from "../errors.ts";
import {
  fields,
  invalidOption,
  optionsOf,
  positive,
  wholeNumber,
} from "../foreign/option_checks.ts";
import { isOwnError } from "../foreign/own_error.ts";
import { sentence } from "../foreign/text_of.ts";
import { clockOf } from "../runtime/given_clock.ts";
import type { Clock } from "../runtime/clock.ts";
import { constantResolver } from "../discovery/constant_resolver.ts";
import type { MtlsConfig, MtlsFileConfig } from "../transport/certificates/mtls_config.ts";
import { MtlsCredentials } from "../transport/certificates/mtls_credentials.ts";
import type { Transports } from "../transport/channel/transport.ts";
import { mtlsTransports } from "../transport/mtls/mtls_transport.ts";
import { parseNetEndpoint, type WebSocketEndpointOptions } from "../transport/net_endpoint.ts";
import type { Health, HealthOptions } from "../operations/health.ts";
import { checkedCalls, checkedTrace } from "./call_filter.ts";
import { figuresContract, type FiguresRequest, type FiguresResponse } from "./figures_contract.ts";
import {
  callsContract,
  type CallsRequest,
  type CallsResponse,
  type TraceBatch,
  traceContract,
  type TraceRequest,
} from "./calls_contract.ts";
import {
  describeContract,
  type DescribeRequest,
  type DescribeResponse,
} from "./describe_contract.ts";
import { type AdminStatus, statusContract, type StatusRequest } from "./status_contract.ts";
import {
  type AdminLogLevel,
  drainContract,
  type DrainRequest,
  type DrainResponse,
  healthContract,
  logLevelContract,
  type LogLevelRequest,
  MAX_PING_BYTES,
  pingContract,
} from "./steering_contract.ts";

/** The options of {@linkcode AdminClient.connect}; those of `connect` of `@internode/grid/call` among them. */
export interface AdminClientOptions extends ClientOptions {
  /** Mutual TLS, for `tls`, `wss` and `unix` addresses: texts, files, or credentials, which stay open. Default: none. */
  readonly tls?: MtlsConfig | MtlsFileConfig | MtlsCredentials | undefined;
  /** How the address is reached, where that is neither by `tls` nor usual: `systemTransports({ caCerts })`. Default: `systemTransports()`. */
  readonly transports?: Transports | undefined;
  /** The token of a WebSocket request, for a listener with an `authorize` of its own. Default: the proof that is made of `auth`. */
  readonly token?: WebSocketEndpointOptions["token"];
  /** How long a call may take, the time to connect included, in milliseconds. Default: 10,000. */
  readonly timeoutMs?: number | undefined;
}

/** The answer to a ping, as its caller sees it. */
export interface PingResult {
  /** How long it took, in milliseconds. */
  readonly roundTripMs: number;
  /** The wall clock of the node, in milliseconds since 1970. */
  readonly timeMs: number;
}

const status = gridMethod(statusContract, { idempotent: true });
const calls = gridMethod(callsContract, { idempotent: true });
const trace = gridMethod(traceContract);
const describe = gridMethod(describeContract, { idempotent: true });
const ping = gridMethod(pingContract, { idempotent: true });
const health = gridMethod(healthContract, { idempotent: true });
const figures = gridMethod(figuresContract, { idempotent: true });
const logLevel = gridMethod(logLevelContract);
const drain = gridMethod(drainContract);

/**
 * A client of the admin service of one node of a grid, or of one server of
 * `serve`: for command lines, pages and scripts. It connects when it has to,
 * and again after a loss; while the node cannot be reached, calls fail at once.
 *
 * @example
 * ```ts
 * import { HandlerMap, listen, serve } from "@internode/grid/call";
 * import { admin, AdminClient } from "@internode/grid/admin";
 * import { assertEquals } from "@std/assert";
 *
 * const listener = await listen("memory://steered", new HandlerMap());
 * await using server = serve(listener);
 * server.handle(admin);
 *
 * await using tool = await AdminClient.connect("memory://steered");
 * assertEquals((await tool.status()).kind, "server");
 * const { level } = await tool.logLevel({ level: "debug", forMs: 60_000 });
 * assertEquals(level, "debug");
 * ```
 */
export class AdminClient implements AsyncDisposable {
  /** The address that it was made with, in canonical form. */
  readonly address: string;
  /** The connection, for calls of other handlers: a server's, and of a node those that option `calls` of `admin` lets guests call, by `gridMethod`. */
  readonly connection: ServiceConnection;

  readonly #credentials: MtlsCredentials | null;
  readonly #timeoutMs: number;
  readonly #clock: Clock;

  private constructor(
    address: string,
    connection: ServiceConnection,
    credentials: MtlsCredentials | null,
    timeoutMs: number,
    clock: Clock,
  ) {
    this.address = address;
    this.connection = connection;
    this.#credentials = credentials;
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
  }

  /**
   * Makes a client; it does not wait for the connection.
   *
   * @param address Where the node or server listens: `"tcp://10.0.0.1:9000"`, `"wss://node-1.example"`, `"unix:///run/grid.sock"`; with mutual TLS, the URL that its certificate proves.
   * @param options What it proves itself by, and how it calls itself (`name`; default `"admin"`).
   * @returns The client.
   * @throws {InternodeError} `InvalidArgument` for an address or option that makes no sense.
   */
  static async connect(address: string, options: AdminClientOptions = {}): Promise<AdminClient> {
    const { tls: given, transports, token, timeoutMs, ...others } = optionsOf(
      "AdminClient",
      options,
    );
    const tls = fields("tls", given);
    if (tls !== undefined && transports !== undefined) {
      throw invalidOption("tls", "cannot be combined with option transports: leave one out");
    }
    const limitMs = positive("timeoutMs", timeoutMs, 10_000);
    const clock = clockOf(options.clock);
    // Last, as it may begin to watch files.
    const own = tls === undefined || tls instanceof MtlsCredentials
      ? null
      : new MtlsCredentials(tls);
    try {
      const source = own ?? tls as MtlsCredentials | undefined;
      const endpoint = parseNetEndpoint(address, {
        transports: source === undefined ? transports : mtlsTransports(source),
        token,
      });
      const connection = await connect(constantResolver(endpoint), { name: "admin", ...others });
      return new AdminClient(endpoint.address, connection, own, limitMs, clock);
    } catch (error) {
      await own?.close();
      throw error;
    }
  }

  /**
   * What the node or server is, and how it fares.
   *
   * @param request What may be left out.
   * @returns The status. Rejects with an `InternodeError`: why it cannot be reached, refuses this client, or has no admin service.
   */
  status(request: StatusRequest = {}): Promise<AdminStatus> {
    return this.#ask(status, request);
  }

  /**
   * The calls in flight, those first that have taken longest.
   *
   * @param request Which, and how many.
   * @returns The calls. Rejects as {@linkcode AdminClient.status}, and as `InvalidArgument` for a request that makes no sense.
   */
  async calls(request: CallsRequest = {}): Promise<CallsResponse> {
    return await this.#ask(calls, checkedCalls(request));
  }

  /**
   * Each call that has ended, from now on until the loop is left. A reader that
   * is too slow loses some, and is told how many. It ends when the node closes,
   * and fails when the connection is lost, or some time after it was renewed,
   * with certificates every hour: then call it again.
   *
   * @param request Which.
   * @returns The calls, in batches. It throws as {@linkcode AdminClient.status} rejects, `GoingAway` once the connection was renewed, and `InvalidArgument` for a request that makes no sense.
   */
  async *trace(request: TraceRequest = {}): AsyncGenerator<TraceBatch, void, undefined> {
    try {
      yield* this.connection.stream(trace, checkedTrace(request), { waitForReady: false });
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /**
   * The handlers, and what their contracts look like.
   *
   * @param request Which.
   * @returns The handlers. Rejects as {@linkcode AdminClient.status}.
   */
  describe(request: DescribeRequest = {}): Promise<DescribeResponse> {
    return this.#ask(describe, request);
  }

  /**
   * Measures a round trip.
   *
   * @param payloadBytes How many bytes go there and back: at most 1,048,576. Default: 0.
   * @returns How long it took. Rejects as {@linkcode AdminClient.status}, and as `InvalidArgument` for a number that makes no sense.
   */
  async ping(payloadBytes: number = 0): Promise<PingResult> {
    wholeNumber("payloadBytes", payloadBytes, 0, MAX_PING_BYTES);
    const payload = new Uint8Array(payloadBytes), startMs = this.#clock.now();
    const { timeMs } = await this.#ask(ping, { payload });
    return { roundTripMs: this.#clock.now() - startMs, timeMs };
  }

  /**
   * Whether the node or server can do its work: should get calls, and works at all.
   *
   * @param request What is asked of it, see `health` of `@internode/grid/operations`.
   * @returns The two verdicts. Rejects as {@linkcode AdminClient.status}.
   */
  health(request: HealthOptions = {}): Promise<Health> {
    return this.#ask(health, request);
  }

  /**
   * Calls by handler and other side: how many ended since counting began, with
   * which errors, how long they took, and how many have not ended. Counting
   * begins with the first question of anybody, and costs a few nanoseconds a
   * call from then on. {@linkcode callRates} makes rates of two readings.
   *
   * @param request Of which handler.
   * @returns The totals. Rejects as {@linkcode AdminClient.status}.
   */
  figures(request: FiguresRequest = {}): Promise<FiguresResponse> {
    return this.#ask(figures, request);
  }

  /**
   * From which level on the node or server logs; or changes that, until it is
   * reset or for some time.
   *
   * @param request The level, `"reset"`, or nothing.
   * @returns The level. Rejects as {@linkcode AdminClient.status}, and as `HandlerFailed` for a level that does not exist.
   */
  logLevel(request: LogLevelRequest = {}): Promise<AdminLogLevel> {
    return this.#ask(logLevel, request);
  }

  /**
   * Takes the node or server out of service, as its `close` does: it takes no
   * new calls, finishes those under way within the grace time, and ends. Its
   * program may go on, or start it anew.
   *
   * @param request The grace time.
   * @returns How many calls in flight it has, once it begins. Rejects as {@linkcode AdminClient.status}.
   */
  drain(request: DrainRequest = {}): Promise<DrainResponse> {
    return this.#ask(drain, request);
  }

  /** Closes the connection. Any number of calls. */
  async close(): Promise<void> {
    await this.connection.close({ graceMs: 0 });
    await this.#credentials?.close();
  }

  /** Closes the connection. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #ask<Request, Response>(
    method: ReturnType<typeof gridMethod<Request, Response, unknown>>,
    request: Request,
  ): Promise<Response> {
    try {
      const options = { timeoutMs: this.#timeoutMs, waitForReady: false };
      return await this.connection.request(method, request as NoInfer<Request>, options);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** In the words of somebody who asks one node, and not a service of many replicas. */
  #failure(error: unknown): unknown {
    if (!isOwnError(error)) return error;
    const { address } = this,
      init = { origin: error.origin, outcome: error.outcome, host: address };
    if (error.code === "UnknownHandler") {
      const message = `${address} has no admin service, or one of an older version: ${
        sentence(error.message)
      } Register it there with handle(admin, { allow }).`;
      return new InternodeError("UnknownHandler", message, { ...init, cause: error });
    }
    const [replica] = this.connection.replicas, why = replica?.lastFailure;
    if (error.code !== "Unreachable") return error;
    if (!isOwnError(why)) {
      const message = `${address} has not completed the handshake within ${this.#timeoutMs} ms. ` +
        "Check that a node or server of this library listens there, and is not frozen.";
      return new InternodeError("Unreachable", message, { ...init, cause: error });
    }
    const message = why.message.includes(address) ? why.message : `${address}: ${why.message}`;
    const advice = why.code === "Disconnected"
      ? " Check that a node or server of this library listens there, and whether it wants mutual TLS."
      : "";
    return new InternodeError(why.code, message + advice, { ...init, cause: why });
  }
}
