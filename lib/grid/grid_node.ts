/**
 * What the parts of a node share.
 *
 * @module
 */

import { ByteLink } from "../net/byte_link.ts";
import { crc32 } from "../net/checksum.ts";
import type { HostAddress } from "../net/host_address.ts";
import type { Link, LinkOwner } from "../net/link.ts";
import { MessageLink } from "../net/message_link.ts";
import type { Channel, Transport } from "../net/transport.ts";
import { InternodeError } from "../errors.ts";
import { INSTANCE_BYTES, NONCE_BYTES } from "../session/hello.ts";
import type { Role, SessionOptions } from "../session/session_options.ts";
import { WriterPool } from "../wire/writer_pool.ts";
import { Tracer } from "./call_trace.ts";
import { HandlerTable } from "./handler_table.ts";
import type { NodeOptions } from "./node_options.ts";
import type { Serving } from "./serving.ts";

/** One node: its settings, its handlers, and how it makes connections. */
export class GridNode {
  /** This host. */
  readonly local: HostAddress;
  /** The settings. */
  readonly options: NodeOptions;
  /** The handlers. */
  readonly handlers: HandlerTable = new HandlerTable();
  /** Whoever traces calls. */
  readonly tracer: Tracer = new Tracer();
  /** What handlers need. */
  readonly serving: Serving;
  /** Whether the node takes nothing new. */
  closing = false;
  /** Told whenever nothing is left of a connection. */
  onGone: () => void = () => {};

  readonly #pool = new WriterPool();
  readonly #instance: Uint8Array;

  /** */
  constructor(local: HostAddress, options: NodeOptions) {
    this.local = local;
    this.options = options;
    this.serving = { clock: options.clock, tracer: this.tracer, logger: options.logger };
    this.#instance = options.random.bytes(INSTANCE_BYTES);
  }

  /** The transport for a host. */
  transport(address: HostAddress): Transport {
    const transport = this.options.transports[address.scheme];
    if (transport !== undefined) return transport;
    const known = Object.keys(this.options.transports).join(", ");
    throw new InternodeError(
      "InvalidArgument",
      `There is no transport for ${address.href}; there are: ${known}.`,
      {
        origin: "caller",
        host: address.href,
      },
    );
  }

  /** Connects to a host. */
  async dial(address: HostAddress, signal: AbortSignal): Promise<Channel> {
    const { auth, clock, path } = this.options;
    const token = auth?.token(this.local.href, address.href, clock.wallNow());
    return await this.transport(address).dial(address, { signal, path, token });
  }

  /** Judges the token of a WebSocket upgrade request. */
  authorize(token: string | null): string | null {
    const { auth, clock, logger } = this.options;
    if (auth === null) return null;
    const verdict = auth.checkToken(token, this.local.href, clock.wallNow());
    if (!("refusal" in verdict)) return null;
    logger.warn(`A connection was refused before its upgrade: ${verdict.refusal}.`);
    return verdict.refusal;
  }

  /** Makes a session on a channel. */
  link(channel: Channel, role: Role, peerName: string, owner: LinkOwner): Link {
    const { options } = this;
    const bytes = channel.kind === "bytes";
    const session: SessionOptions = {
      role,
      name: this.local.href,
      peerName,
      instance: this.#instance,
      nonce: options.random.bytes(NONCE_BYTES),
      limits: options.limits,
      auth: options.auth,
      envelope: bytes,
      checksum: options.checksums && bytes && !channel.integrity ? crc32 : null,
      writeFlattenLimit: options.writeFlattenLimit,
      pool: this.#pool,
      handshakeTimeoutMs: options.handshakeTimeoutMs,
      pingIntervalMs: options.pingIntervalMs,
      livenessTimeoutMs: options.livenessTimeoutMs,
      maxClockSkewMs: options.maxClockSkewMs,
    };
    return bytes
      ? new ByteLink(channel, session, owner, options.clock, options.inlineHandlerUs)
      : new MessageLink(channel, session, owner, options.clock, options.inlineHandlerUs);
  }
}
