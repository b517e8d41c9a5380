/**
 * What a node or server says of itself.
 *
 * @module
 */

import type { Codec } from "../codec/format/codec.ts";
import { dynamic } from "../codec/values/dynamic.ts";
import { list } from "../codec/values/list.ts";
import { nullable, optional } from "../codec/values/presence.ts";
import { boolean, float, string } from "../codec/values/scalars.ts";
import { record } from "../codec/records/record.ts";
import { single, type SingleContract } from "../rpc/contract/contract.ts";
import type { MemoryFigures } from "../runtime/platform/platform.ts";
import type { LoopDelay } from "../rpc/inspection/loop_delay.ts";

/** Figures and settings by their names; a newer node may have more of them. */
export type Figures = Readonly<Record<string, unknown>>;

/** What is asked of a status. */
export interface StatusRequest {
  /** Whether the remotes are listed, of which there may be many. Default: `true`. */
  readonly remotes?: boolean | undefined;
  /** Whether the options in force are listed. Default: `true`. */
  readonly options?: boolean | undefined;
}

/** A certificate's owner, as far as the certificate says. */
export interface AdminIdentity {
  /** The certificate's subject. */
  readonly subject: string;
  /** Its DNS names. */
  readonly dns: readonly string[];
  /** Its IP addresses. */
  readonly ip: readonly string[];
  /** Its URIs. */
  readonly uri: readonly string[];
}

/** What a client knows of a replica. */
export interface AdminReplica {
  /** How many calls it has. */
  readonly callsInFlight: number;
  /** How long its recent calls took, in milliseconds, as a moving average; `NaN` before the first. */
  readonly latencyMs: number;
  /** Whether it is set aside for a while because it kept failing. */
  readonly isSetAside: boolean;
  /** Its share of the calls, beside those of the others. */
  readonly weight: number;
  /** Its zone; `""` if it has none. */
  readonly zone: string;
}

/** Who is at the other end of a connection. */
export interface AdminRemote {
  /** A peer's URL, or the name of a client or guest. */
  readonly host: string;
  /** Where the other end is, while it is connected; `""` otherwise. */
  readonly address: string;
  /** The state of the connection, such as `"connected"`. */
  readonly state: string;
  /** The other process: its name for one life; `""` while it is not connected. */
  readonly instance: string;
  /** Who it has proven to be by its certificate; `null` without mutual TLS, or while it is not connected. */
  readonly identity: AdminIdentity | null;
  /** How far its wall clock is ahead, in milliseconds; `NaN` while that is not known. */
  readonly clockSkewMs: number;
  /** Why there is no connection, in words; `""` if there is one, or that is not known. */
  readonly lastFailure: string;
  /** How many handlers run for it. */
  readonly runningHandlers: number;
  /** How many more bytes of messages it takes now; `NaN` while it is not connected. */
  readonly sendWindowBytes: number;
  /** How many bytes that it has sent are not consumed yet. */
  readonly heldBytes: number;
  /** What is known of it as a replica; `null` for all others. */
  readonly replica: AdminReplica | null;
  /** Every figure of the connection's `stats()`. */
  readonly stats: Figures;
}

/** Until when a certificate is valid. */
export interface AdminCertificate {
  /** Whose it is: `"own"`, `"authorities"`, `"revocations"`, or `"remote"`. */
  readonly whose: string;
  /** The remote's name; `""` for all others. */
  readonly host: string;
  /** The certificate's subject; `""` for lists of revoked ones. */
  readonly subject: string;
  /** In milliseconds since 1970. */
  readonly expiresMs: number;
}

/** What a node or server says of itself. */
export interface AdminStatus {
  /** What it is: `"grid"` for a node, `"server"` for one of `serve`, `"client"`. */
  readonly kind: string;
  /** A node's canonical URL, or a server's name. */
  readonly name: string;
  /** The version of this package that it runs. */
  readonly version: string;
  /** Its runtime's name and version: `"deno 2.9.6"`. */
  readonly runtime: string;
  /** The number of its process. */
  readonly processId: number;
  /** Its wall clock, in milliseconds since 1970. */
  readonly timeMs: number;
  /** How long ago it was made, in milliseconds. */
  readonly uptimeMs: number;
  /** `"open"` while it takes calls, then `"closing"` and `"closed"`. */
  readonly phase: string;
  /** Where it listens at the moment. */
  readonly addresses: readonly string[];
  /** From which level on it logs. */
  readonly logLevel: string;
  /** The options in force, without secrets; empty if they were not asked for. */
  readonly options: Figures;
  /** Every figure of `stats()`. */
  readonly stats: Figures;
  /** How late the event loop was lately. */
  readonly loopDelay: LoopDelay;
  /** The memory of its process, in bytes. */
  readonly memory: MemoryFigures;
  /** Who is at the other ends: peers, or a server's clients; empty if they were not asked for. */
  readonly remotes: readonly AdminRemote[];
  /** A node's guests, such as whoever asks. */
  readonly guests: readonly AdminRemote[];
  /** Until when certificates are valid; the remotes' too. */
  readonly certificates: readonly AdminCertificate[];
}

const figures = dynamic() as Codec<Figures>;

const identity: Codec<AdminIdentity> = record({
  subject: string(),
  dns: list(string()),
  ip: list(string()),
  uri: list(string()),
});

const remote: Codec<AdminRemote> = record({
  host: string(),
  address: string(),
  state: string(),
  instance: string(),
  identity: nullable(identity),
  clockSkewMs: float(),
  lastFailure: string(),
  runningHandlers: float(),
  sendWindowBytes: float(),
  heldBytes: float(),
  replica: nullable(record({
    callsInFlight: float(),
    latencyMs: float(),
    isSetAside: boolean(),
    weight: float(),
    zone: string(),
  })),
  stats: figures,
});

/** Asks a node or server for its status. */
export const statusContract: SingleContract<StatusRequest, AdminStatus> = single(
  "internode.status",
  {
    docs: "What a node or server is, and how it fares.",
    request: record({ remotes: optional(boolean()), options: optional(boolean()) }),
    response: record({
      kind: string(),
      name: string(),
      version: string(),
      runtime: string(),
      processId: float(),
      timeMs: float(),
      uptimeMs: float(),
      phase: string(),
      addresses: list(string()),
      logLevel: string(),
      options: figures,
      stats: figures,
      loopDelay: record({
        looks: float(),
        meanMs: float(),
        p99Ms: float(),
        maxMs: float(),
        lastMs: float(),
      }),
      memory: record({
        residentBytes: float(),
        heapUsedBytes: float(),
        heapTotalBytes: float(),
        externalBytes: float(),
      }),
      remotes: list(remote),
      guests: list(remote),
      certificates: list(
        record({ whose: string(), host: string(), subject: string(), expiresMs: float() }),
      ),
    }),
  },
);
