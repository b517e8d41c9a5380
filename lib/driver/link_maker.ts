/**
 * Makes sessions on channels.
 *
 * @module
 */

import { about, type EventLogger } from "../foreign/log_event.ts";
import { sentence, textOf } from "../foreign/text_of.ts";
import type { Authenticator } from "../session/frames/authenticator.ts";
import { INSTANCE_BYTES, NONCE_BYTES } from "../session/frames/hello.ts";
import type { Role, SessionOptions, SessionTimes } from "../session/frames/session_options.ts";
import { DecodedMemory } from "../wire/decoded_memory.ts";
import type { Limits } from "../wire/limits.ts";
import { WriterPool } from "../wire/writer_pool.ts";
import { ByteLink } from "./byte_link.ts";
import { crc32 } from "../runtime/checksum.ts";
import type { Clock, Random } from "../runtime/clock.ts";
import type { Link, LinkDelegate } from "./link.ts";
import { MessageLink } from "./message_link.ts";
import { RepeatedLines, times } from "./repeated_lines.ts";
import type { Channel } from "../transport/channel/transport.ts";

/** The settings that all connections of one node, client or server share. */
export interface LinkSettings extends SessionTimes {
  /** Proves the shared secret, if there is one. */
  readonly auth: Authenticator | null;
  /** The limits of this side for each peer. */
  readonly limits: Limits;
  /** How long handlers may run in one turn, in microseconds. */
  readonly inlineHandlerUs: number;
  /** Pieces of messages above this many bytes are written without a copy. */
  readonly writeFlattenLimit: number;
  /** How long to poll for the next request after a response, in microseconds; 0 for no polling. */
  readonly spinUs: number;
  /** Whether batches carry checksums if the transport has none. */
  readonly checksums: boolean;
  /** The source of time. */
  readonly clock: Clock;
  /** The source of random numbers. */
  readonly random: Random;
  /** Receives log events. */
  readonly logger: EventLogger;
}

/** The rare settings of a link. */
export interface LinkExtras {
  /** Whether a dialler renews an older connection to the same peer, which stays open until its calls have ended. Default: `false`. */
  readonly renews?: boolean | undefined;
  /** How much of the handshake's time was used before, in milliseconds. Default: 0. */
  readonly usedMs?: number | undefined;
  /** Proves the shared secret in place of the setting; `null` if there is none. */
  readonly auth?: Authenticator | null;
}

/** Makes the links of one node, client or server; they share its instance id and its buffers. */
export class LinkMaker {
  readonly #name: string;
  readonly #settings: LinkSettings;
  readonly #pool = new WriterPool();
  readonly #memory: DecodedMemory;
  readonly #instance: Uint8Array;
  readonly #faults = new RepeatedLines();

  /**
   * @param name The name of this side.
   * @param settings The settings that all its links share.
   */
  constructor(name: string, settings: LinkSettings) {
    this.#name = name;
    this.#settings = settings;
    this.#memory = new DecodedMemory(settings.limits.decodedBudgetBytes);
    this.#instance = settings.random.bytes(INSTANCE_BYTES);
  }

  /**
   * Makes a session on a channel; from then on the link owns the channel.
   *
   * @param channel The channel.
   * @param role Which side this is.
   * @param peerName The name the other side must have; empty for any that the delegate accepts.
   * @param delegate Receives the link's events.
   * @param extras The rare settings of a link.
   * @returns The link, its handshake under way.
   */
  make(
    channel: Channel,
    role: Role,
    peerName: string,
    delegate: LinkDelegate,
    { renews = false, usedMs = 0, auth = this.#settings.auth }: LinkExtras = {},
  ): Link {
    const { clock, random, checksums, inlineHandlerUs, spinUs, ...settings } = this.#settings;
    const bytes = channel.kind === "bytes";
    const session: SessionOptions = {
      role,
      name: this.#name,
      peerName,
      renews,
      instance: this.#instance,
      nonce: random.bytes(NONCE_BYTES),
      limits: settings.limits,
      auth,
      binding: channel.binding,
      envelope: bytes,
      checksum: checksums && bytes && !channel.integrity ? crc32 : null,
      writeFlattenLimit: settings.writeFlattenLimit,
      memory: this.#memory,
      pool: this.#pool,
      handshakeTimeoutMs: settings.handshakeTimeoutMs,
      handshakeUsedMs: usedMs,
      pingIntervalMs: settings.pingIntervalMs,
      livenessTimeoutMs: settings.livenessTimeoutMs,
      maxClockSkewMs: settings.maxClockSkewMs,
    };
    const link = bytes
      ? new ByteLink(channel, session, delegate, clock, inlineHandlerUs, spinUs)
      : new MessageLink(channel, session, delegate, clock, inlineHandlerUs);
    link.onFault = (thrown) => this.#tellOfFault(link, thrown);
    return link;
  }

  #tellOfFault({ remote }: Link, thrown: unknown): void {
    const { logger, clock } = this.#settings, reason = textOf(thrown);
    const count = this.#faults.note(reason, clock.now());
    logger[count > 0 ? "error" : "debug"](
      `An internal error ended the connection with ${remote}: ${sentence(reason)} ` +
        `Please report it with its stack.${times(count)}`,
      { event: "internal_error", remote, count, ...about(thrown) },
    );
  }
}
