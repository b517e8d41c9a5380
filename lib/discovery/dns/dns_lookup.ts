/**
 * Asking DNS for hosts and ports.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { guard } from "../../foreign/guard.ts";
import { messageOf, shown, textOf } from "../../foreign/text_of.ts";
import type {
  AddressRecord,
  DnsLookUp,
  DnsLookUpOptions,
  SrvRecord,
} from "../../runtime/platform/dns.ts";
import { errorKind } from "../../runtime/platform/error_kind.ts";
import { authority } from "../../runtime/host_address.ts";

/** The server to ask. */
export interface NameServer {
  /** Its IP address. */
  readonly ipAddr: string;
  /** Its port. Default: 53. */
  readonly port?: number | undefined;
}

/** Which records tell of the replicas; `A+AAAA` asks for both and takes all. */
export type DnsRecordType = "A" | "AAAA" | "A+AAAA" | "SRV";

/** What looks names up: `Deno.resolveDns` has this form. Addresses may also be objects with their time to live, `{ address, ttl }`, as `node:dns` gives them. */
export type ResolveDns = DnsLookUp;

/** What to look up. */
export interface DnsQuestion {
  /** The name. */
  readonly name: string;
  /** Which records. */
  readonly type: DnsRecordType;
  /** The port of the addresses; `SRV` records have ports of their own. */
  readonly port: number;
  /** The server to ask; that of the system if `undefined`. */
  readonly nameServer: NameServer | undefined;
  /** Asks it. */
  readonly resolveDns: ResolveDns;
}

/** A host and port that DNS knows of. */
export interface DnsTarget {
  /** `host:port`, or `[ipv6]:port`. */
  readonly host: string;
  /** What its `SRV` record says: its place among others. */
  readonly rank?: DnsRank;
  /** How long that is good for, in seconds, where it is known. */
  readonly ttl?: number;
}

/** The place of a host among others. */
export interface DnsRank {
  /** Those of the lowest number come first. */
  readonly priority: number;
  /** Its share among those. */
  readonly weight: number;
}

/** What became of the question for one kind of record. */
export interface DnsAnswer {
  /** The kind. */
  readonly type: Exclude<DnsRecordType, "A+AAAA">;
  /** The targets, none if DNS says that there are none; `null` if it said nothing. */
  readonly targets: readonly DnsTarget[] | null;
  /** Why not. */
  readonly cause?: unknown;
}

/**
 * Looks up once.
 *
 * @param question What to look up.
 * @param signal Gives up; a kind that has not been answered has failed then.
 * @returns What became of each kind of record. Never rejects.
 */
export async function lookUp(
  question: DnsQuestion,
  signal: AbortSignal,
): Promise<readonly DnsAnswer[]> {
  const { name, type, port, nameServer, resolveDns } = question;
  const options = askOptions(nameServer, signal);
  const types = type === "A+AAAA" ? ["A", "AAAA"] as const : [type] as const;
  return await Promise.all(types.map(async (type): Promise<DnsAnswer> => {
    try {
      const records = listOf(await orAborted(() => resolveDns(name, type, options), signal));
      const targets = type === "SRV"
        ? offered(records as readonly SrvRecord[])
        : records.map((record) => addressOf(record, port));
      return { type, targets };
    } catch (cause) {
      if (errorKind(cause) === "notFound") return { type, targets: [] };
      return { type, targets: null, cause };
    }
  }));
}

/**
 * Makes what looks up the addresses of a host at the server that is asked for all else.
 *
 * @param question Says which.
 * @returns A function that gives the addresses; it rejects if there are none.
 */
export function addressLookUp(
  { nameServer, resolveDns }: DnsQuestion,
): (hostname: string, signal: AbortSignal) => Promise<readonly string[]> {
  return async (hostname, signal) => {
    const options = askOptions(nameServer, signal);
    const answers = await Promise.allSettled(
      (["A", "AAAA"] as const).map((type) =>
        orAborted(() => resolveDns(hostname, type, options), signal)
      ),
    );
    signal.throwIfAborted();
    const found = answers.flatMap((answer) =>
      answer.status === "fulfilled"
        ? (listOf(answer.value) as readonly (string | AddressRecord)[]).map((record) =>
          typeof record === "string" ? record : record.address
        )
        : []
    );
    if (found.length > 0) return found;
    const [first] = answers;
    throw new InternodeError(
      "Unreachable",
      `DNS has no address for ${hostname}: ${
        first?.status === "rejected" ? messageOf(first.reason) : "it has no records"
      }. Check the name, and that the name server runs.`,
      { origin: "network" },
    );
  };
}

function askOptions(
  nameServer: NameServer | undefined,
  signal: AbortSignal,
): DnsLookUpOptions {
  if (nameServer === undefined) return { signal };
  const { ipAddr, port = 53 } = nameServer;
  return { signal, nameServer: { ipAddr, port } };
}

/** Beside hosts that have a weight, one of weight 0 is to have hardly any share (RFC 2782). */
const LEAST_WEIGHT = 0.01;

/** The hosts, those of the lowest priority first; a target "." says that the service is not offered. */
function offered(records: readonly SrvRecord[]): DnsTarget[] {
  return records.map(readRecord)
    .filter(({ target }) => target !== "." && target !== "")
    .sort((a, b) => a.priority - b.priority)
    .map(({ target, port, priority, weight }) => ({
      ...hostOf(target, port),
      rank: { priority, weight: weight > 0 ? weight : LEAST_WEIGHT },
    }));
}

/** What looks names up may be a user's own. */
function listOf(records: unknown): readonly unknown[] {
  if (Array.isArray(records)) return records;
  throw new TypeError(`what looks names up (resolveDns) must give a list, not ${shown(records)}`);
}

/** What looks names up may be a user's own; a record that is none has no target. */
function readRecord(record: SrvRecord): Partial<SrvRecord> & DnsRank {
  return guard(() => {
    const { target, port, priority, weight } = record;
    return { target, port, priority: Number(priority), weight: Number(weight) };
  }, () => ({ priority: 0, weight: 0 }));
}

/** What looks names up may be a user's own; a record that is none is no address. */
function addressOf(record: unknown, port: number): DnsTarget {
  if (typeof record === "string") return hostOf(record, port);
  const { address, ttl } = guard<{ address?: unknown; ttl?: unknown }>(
    () => ({ address: (record as AddressRecord).address, ttl: (record as AddressRecord).ttl }),
    () => ({}),
  );
  const target = hostOf(address === undefined ? record : address, port);
  return typeof ttl === "number" && ttl >= 0 ? { ...target, ttl } : target;
}

/** What is no host makes no endpoint later on, and spoils no other. */
function hostOf(host: unknown, port: unknown): DnsTarget {
  return typeof host === "string" && host !== "" && typeof port === "number"
    ? { host: authority(bare(host), port) }
    : { host: host === "" ? "" : textOf(host) };
}

/** A lookup that does not heed its signal is not waited for. */
function orAborted<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    const settle = (): void => signal.removeEventListener("abort", onAbort);
    new Promise<T>((done) => done(work())).finally(settle).then(resolve, reject);
  });
}

/** A name as hosts are written elsewhere, without the root's dot. */
function bare(name: string): string {
  return name.replace(/\.$/, "");
}

/**
 * Tells of a lookup that failed, so that one knows what to do.
 *
 * @param question What was looked up.
 * @param cause What was thrown.
 * @param timeoutMs How long was waited, if that was too long; `null` otherwise.
 * @returns An error of code `InvalidArgument` for a missing permission, else `Unreachable`.
 */
export function lookUpError(
  question: Pick<DnsQuestion, "name" | "type">,
  cause: unknown,
  timeoutMs: number | null,
): InternodeError {
  const isForbidden = errorKind(cause) === "notPermitted";
  const why = timeoutMs === null ? messageOf(cause) : `no answer within ${timeoutMs} ms`;
  return new InternodeError(
    isForbidden ? "InvalidArgument" : "Unreachable",
    `The ${question.type} records of ${question.name} could not be looked up in DNS: ${why}. ` +
      (isForbidden
        ? "Allow it with --allow-net for the name server."
        : "Check the name, and that the name server runs and can be reached."),
    { origin: isForbidden ? "caller" : "network", cause },
  );
}

/**
 * Tells that there are no records.
 *
 * @param question What was looked up.
 * @returns An error of code `Unreachable`.
 */
export function noRecords(question: DnsQuestion): InternodeError {
  return new InternodeError(
    "Unreachable",
    `DNS has no ${question.type} records for ${question.name}. Check the name and the record type.`,
    { origin: "network" },
  );
}
