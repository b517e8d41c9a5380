/**
 * Asking DNS for hosts and ports.
 *
 * @module
 */

import { InternodeError } from "../errors.ts";
import { authority } from "../net/host_address.ts";
import { messageOf } from "../net/transport_error.ts";

/** The server to ask. */
export interface NameServer {
  /** Its IP address. */
  readonly ipAddr: string;
  /** Its port. Default: 53. */
  readonly port?: number | undefined;
}

/** Which records tell of the replicas; `A+AAAA` asks for both and takes all. */
export type DnsRecordType = "A" | "AAAA" | "A+AAAA" | "SRV";

/**
 * Looks a name up, as `Deno.resolveDns` does: resolves to addresses, or to
 * records for `SRV`, and rejects with `Deno.errors.NotFound` if there are none.
 */
export type ResolveDns = (
  name: string,
  type: "A" | "AAAA" | "SRV",
  options: Deno.ResolveDnsOptions,
) => Promise<readonly string[] | readonly Deno.SrvRecord[]>;

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

/**
 * Looks up once.
 *
 * @param question What to look up.
 * @param signal Gives up.
 * @returns `host:port` of each replica; `null` if DNS says that there are none.
 * @throws What `resolveDns` rejects with, other than that there are none.
 */
export async function lookUp(
  question: DnsQuestion,
  signal: AbortSignal,
): Promise<readonly string[] | null> {
  const { name, type, port, nameServer, resolveDns } = question;
  const options: Deno.ResolveDnsOptions = { signal };
  if (nameServer !== undefined) {
    const { ipAddr, port = 53 } = nameServer;
    options.nameServer = { ipAddr, port };
  }
  const types = type === "A+AAAA" ? ["A", "AAAA"] as const : [type] as const;
  const answers = await Promise.all(types.map(async (each) => {
    try {
      const records = await resolveDns(name, each, options);
      return each === "SRV"
        ? preferred(records as readonly Deno.SrvRecord[])
        : (records as readonly string[]).map((address) => authority(address, port));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  }));
  const hosts = answers.flat();
  return hosts.length === 0 ? null : hosts;
}

/** The hosts of the lowest priority; a target "." says that the service is not offered. */
function preferred(records: readonly Deno.SrvRecord[]): string[] {
  const offered = records.filter((record) => bare(record.target) !== "");
  const lowest = Math.min(...offered.map((record) => record.priority));
  return offered
    .filter((record) => record.priority === lowest)
    .map((record) => authority(bare(record.target), record.port));
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
  question: DnsQuestion,
  cause: unknown,
  timeoutMs: number | null,
): InternodeError {
  const isForbidden = cause instanceof Deno.errors.NotCapable;
  const why = timeoutMs === null ? messageOf(cause) : `no answer within ${timeoutMs} ms`;
  return new InternodeError(
    isForbidden ? "InvalidArgument" : "Unreachable",
    `The ${question.type} records of ${question.name} could not be had from DNS: ${why}. ` +
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
    `DNS knows no ${question.type} records of ${question.name}. Check the name and the record type.`,
    { origin: "network" },
  );
}
