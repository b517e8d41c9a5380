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

/** What all connections of one node, client or server have in common. */
export interface LinkSettings extends SessionTimes {
  /** Proves the shared secret, if there is one. */
  readonly auth: Authenticator | null;
  /** What this side takes from each peer. */
  readonly limits: Limits;
  /** How long handlers may run in one turn, in microseconds. */
  readonly inlineHandlerUs: number;
  /** Pieces of messages above this many bytes are written from where they lie. */
  readonly writeFlattenLimit: number;
  /** How long to poll for the next request after an answer, in microseconds; 0: not at all. */
  readonly spinUs: number;
  /** Whether batches carry checksums where the transport has none of its own. */
  readonly checksums: boolean;
  /** Where time comes from. */
  readonly clock: Clock;
  /** The source of random numbers. */
  readonly random: Random;
  /** Hears of faults of this side. */
  readonly logger: EventLogger;
}

/** What is not so with most links. */
export interface LinkExtras {
  /** Whether a dialler has another connection to the same peer, which is to go on until its calls have ended. Default: `false`. */
  readonly renews?: boolean | undefined;
  /** How much of the handshake's time is gone already, in milliseconds. Default: 0. */
  readonly usedMs?: number | undefined;
  /** Proves the shared secret in place of the setting; `null`: nobody asks for one. */
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
   * @param name By which this side makes itself known.
   * @param settings What all its links have in common.
   */
  constructor(name: string, settings: LinkSettings) {
    this.#name = name;
    this.#settings = settings;
    this.#memory = new DecodedMemory(settings.limits.decodedBudgetBytes);
    this.#instance = settings.random.bytes(INSTANCE_BYTES);
  }

  /**
   * Makes a session on a channel, which the link owns from then on.
   *
   * @param channel The channel.
   * @param role Which side this is.
   * @param peerName The name the other side must have; empty: any that the delegate accepts.
   * @param delegate Hears of what happens.
   * @param extras What is not so with most of them.
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
