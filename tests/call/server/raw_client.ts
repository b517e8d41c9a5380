/** The dialling side of one connection, without anything that a real client adds: no retries, and deaf to draining. */

import { InternodeError, systemTransports } from "@internode/grid";
import { makeMethodKey } from "@internode/grid/call";
import { raw } from "../../../lib/codec/values/raw.ts";
import { resolveConnectionOptions } from "../../../lib/rpc/connecting/connection_options.ts";
import type { ConnectionOptions } from "../../../lib/rpc/connecting/connection_options.ts";
import type { Link, LinkDelegate } from "../../../lib/driver/link.ts";
import { LinkMaker } from "../../../lib/driver/link_maker.ts";
import { parseHostAddress } from "../../../lib/runtime/host_address.ts";
import type { Channel, Transport } from "../../../lib/transport/channel/transport.ts";
import { CallTime } from "../../../lib/session/frames/call_time.ts";
import type { Metadata } from "../../../lib/session/frames/metadata.ts";
import { OpenedStream } from "../../../lib/session/calls/opened_stream.ts";
import { OutgoingCall } from "../../../lib/session/sending/outgoing_call_table.ts";
import type { Peer } from "../../../lib/session/frames/session_options.ts";
import type { ByteReader } from "../../../lib/wire/byte_reader.ts";

/** How a client is made. */
export interface RawClientOptions extends ConnectionOptions {
  /** Its name. Default: `"tester"`. */
  name?: string;
  /** Reaches the address. Default: the system's transport for it. */
  transport?: Transport;
}

/** How a call is made. */
export interface RawCallOptions {
  timeoutMs?: number;
  metadata?: Metadata;
  signal?: AbortSignal;
}

export class RawClient implements LinkDelegate {
  /** How the server calls itself. */
  serverName = "";
  /** Whether the server asked for calls to go elsewhere. */
  isDrained = false;
  /** Called when it does. */
  onDrained: () => void = () => {};
  /** Why the session has ended, when it has. */
  readonly closed: Promise<InternodeError>;
  /** When the channel is closed too. */
  readonly gone: Promise<void>;

  readonly #closed = Promise.withResolvers<InternodeError>();
  readonly #gone = Promise.withResolvers<void>();
  readonly #opened = Promise.withResolvers<void>();
  readonly #link: Link;

  private constructor(channel: Channel, options: RawClientOptions) {
    this.closed = this.#closed.promise;
    this.gone = this.#gone.promise;
    const maker = new LinkMaker(options.name ?? "tester", resolveConnectionOptions(options));
    this.#link = maker.make(channel, "dialler", "", this);
  }

  /** Connects and shakes hands. */
  static async connect(address: string, options: RawClientOptions = {}): Promise<RawClient> {
    return await RawClient.on(await dial(address, options.transport), options);
  }

  /** Shakes hands on a connection. */
  static async on(channel: Channel, options: RawClientOptions = {}): Promise<RawClient> {
    const client = new RawClient(channel, options);
    await client.#opened.promise;
    return client;
  }

  get session(): Link["session"] {
    return this.#link.session;
  }

  /** Makes a call. */
  call(
    component: string,
    method: string,
    args: Uint8Array = new Uint8Array(),
    options: RawCallOptions = {},
  ): Promise<Uint8Array> {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    const call = new RawCall(resolve, reject);
    const nowMs = this.#link.beginTurn();
    call.time = new CallTime(nowMs, options.timeoutMs ?? Infinity);
    const { outgoing } = this.session;
    try {
      const number = outgoing.nameNumber(makeMethodKey(component, method).hex, "", nowMs);
      outgoing.request(call, number, raw(), args, options.metadata ?? null, nowMs);
    } catch (error) {
      reject(error);
    }
    options.signal?.addEventListener("abort", () => {
      outgoing.cancel(call, options.signal!.reason, "Cancelled", this.#link.beginTurn());
    });
    return promise;
  }

  /** Opens a stream and gathers its outputs until it ends. */
  gather(component: string, method: string, outputs: Uint8Array[]): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const stream = new RawStream(outputs, () => this.#link.beginTurn(), resolve, reject);
    const nowMs = this.#link.beginTurn();
    const { outgoing } = this.session;
    const number = outgoing.nameNumber(makeMethodKey(component, method).hex, "", nowMs);
    outgoing.open(stream, number, raw(), new Uint8Array(), null, 0, 4, nowMs);
    return promise;
  }

  /** Says goodbye. */
  async close(): Promise<void> {
    this.#link.close(new InternodeError("Closed", "The test is over.", { origin: "local" }));
    await this.gone;
  }

  checkPeer(): null {
    return null;
  }

  onOpen(_link: Link, peer: Peer): void {
    this.serverName = peer.name;
    this.#opened.resolve();
  }

  resolve(): null {
    return null;
  }

  onDraining(): void {
    this.isDrained = true;
    this.onDrained();
  }

  onClosed(_link: Link, error: InternodeError): void {
    this.#opened.promise.catch(() => {});
    this.#opened.reject(error);
    this.#closed.resolve(error);
  }

  onGone(): void {
    this.#gone.resolve();
  }
}

class RawCall extends OutgoingCall {
  readonly #resolve: (bytes: Uint8Array) => void;
  readonly #reject: (error: unknown) => void;

  constructor(resolve: (bytes: Uint8Array) => void, reject: (error: unknown) => void) {
    super();
    this.#resolve = resolve;
    this.#reject = reject;
  }

  override onResponse(_kind: number, reader: ByteReader): void {
    this.#resolve(reader.bytes.slice(reader.position, reader.end));
  }

  override onError(error: unknown): void {
    this.#reject(error);
  }
}

class RawStream extends OpenedStream {
  readonly #outputs: Uint8Array[];
  readonly #beginTurn: () => number;
  readonly #resolve: () => void;
  readonly #reject: (error: unknown) => void;

  constructor(
    outputs: Uint8Array[],
    beginTurn: () => number,
    resolve: () => void,
    reject: (error: unknown) => void,
  ) {
    super();
    this.#outputs = outputs;
    this.#beginTurn = beginTurn;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  override onMessage(_kind: number, reader: ByteReader): void {
    const bytes = reader.bytes.slice(reader.position, reader.end);
    this.#outputs.push(bytes);
    if (this.receive!.consumed(bytes.length)) this.receive!.report(this.#beginTurn());
  }

  override onOpened(): void {}

  override onEnd(): void {
    this.#resolve();
  }

  override onError(error: unknown): void {
    this.#reject(error);
  }
}

/** Opens a channel. */
export async function dial(address: string, transport?: Transport): Promise<Channel> {
  const parsed = parseHostAddress(address);
  return await (transport ?? systemTransports()[parsed.scheme]!).dial(parsed, {
    path: "/",
    signal: new AbortController().signal,
  });
}
