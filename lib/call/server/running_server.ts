/**
 * A running server of services.
 *
 * @module
 */

import { about } from "../../foreign/log_event.ts";
import { hasAborted, leaveSignal, listenTo } from "../../foreign/signal.ts";
import { sentence, textOf } from "../../foreign/text_of.ts";
import { type CloseOptions, resolveGraceMs } from "../../rpc/connecting/close_options.ts";
import type { ServerStats } from "../../rpc/connecting/connection_stats.ts";
import type { HandlerBundle } from "../../rpc/contract/handler_bundle.ts";
import type { Reach } from "../../rpc/bundles/taken_bundles.ts";
import type { Server } from "../../rpc/connecting/server.ts";
import type { ServedClient } from "../../rpc/serving/served_connection.ts";
import type { CallInFlight, CallsOptions } from "../../rpc/contract/call_in_flight.ts";
import { type Inspectable, registerInspection } from "../../rpc/inspection/inspectable.ts";
import { ServerInspection } from "./server_inspection.ts";
import type { ServiceServer } from "./service_server.ts";
import { optionsOf } from "../../foreign/option_checks.ts";

/** The sources of a server's connections. */
export interface Source {
  /** Passes connections to the server; resolves or rejects when there will be no more. */
  run(isOver: () => boolean): Promise<void>;
  /** Closes it. */
  close(): Promise<void>;
}

/** Runs a {@linkcode ServiceServer} until it is closed, or its source of connections ends. */
export class RunningServer implements Server<ServedClient>, Inspectable {
  readonly address: string;
  readonly finished: Promise<void>;
  readonly #server: ServiceServer;
  readonly #reach: Reach;
  readonly #closing = Promise.withResolvers<void>();
  readonly #inspection: ServerInspection;
  #isOver = false;
  #graceMs: number;

  /**
   * @param server The server, with its settings.
   * @param reach Its address, see {@linkcode Server}, and who can reach it.
   * @param signal Closes the server.
   * @param source The source of connections; closed in the end.
   * @param origin What they come from.
   */
  constructor(
    server: ServiceServer,
    reach: Reach,
    signal: AbortSignal | undefined,
    source: Source,
    origin?: object,
  ) {
    this.#server = server;
    this.#graceMs = server.settings.graceMs;
    const { address } = reach;
    this.#reach = reach;
    this.address = address;
    this.#inspection = new ServerInspection({
      server,
      address,
      source: origin,
      isClosing: () => this.#isOver,
      close: (options) => this.close(options),
    });
    registerInspection(this, this.#inspection);
    this.#inspection.begin();
    server.serving.face = this;
    this.finished = this.#run(signal, source);
    this.finished.catch((error) =>
      server.settings.logger.error(
        `The server ${server.settings.name} stopped because its listener ended: ${
          sentence(textOf(error))
        }`,
        { event: "listener_failed", local: address, ...about(error) },
      )
    );
  }

  get connections(): readonly ServedClient[] {
    return this.#server.clients;
  }

  handle<Options extends object>(bundle: HandlerBundle<Options>, options?: Options): void {
    const given = options === undefined ? {} as Options : options;
    this.#server.bundles.take(bundle, given, this.#inspection, this.#reach);
  }

  stats(): ServerStats {
    return this.#server.stats();
  }

  calls(options: CallsOptions = {}): readonly CallInFlight[] {
    return this.#inspection.calls(options);
  }

  // deno-lint-ignore require-await -- what is thrown becomes the rejection
  async close(options: CloseOptions = {}): Promise<void> {
    const { graceMs = this.#graceMs } = optionsOf("close", options);
    resolveGraceMs({ graceMs });
    if (!this.#isOver) this.#graceMs = graceMs;
    this.#end();
    // What the listener has failed with is for `finished` to say.
    return this.finished.catch(() => {});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * For programs of version 0.1, where `serve` returned the promise that `finished` is now.
   *
   * @deprecated Use `finished`.
   */
  catch(onFailure: (error: unknown) => void): Promise<void> {
    return this.finished.catch(onFailure);
  }

  #end(): void {
    this.#isOver = true;
    this.#closing.resolve();
  }

  async #run(signal: AbortSignal | undefined, source: Source): Promise<void> {
    let failure: { readonly error: unknown } | null = null;
    const onAbort = (): void => this.#end();
    if (hasAborted(signal)) this.#end();
    else listenTo(signal, onAbort, (thrown) => this.#closing.reject(thrown));
    try {
      if (!this.#isOver) {
        await Promise.race([source.run(() => this.#isOver), this.#closing.promise]);
      }
    } catch (error) {
      failure = { error };
    }
    this.#isOver = true;
    leaveSignal(signal, onAbort);
    await this.#server.stop(this.#graceMs, source.close());
    this.#inspection.close();
    if (failure !== null) throw failure.error;
  }
}
