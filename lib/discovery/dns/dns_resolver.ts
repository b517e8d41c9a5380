/**
 * Endpoints from DNS.
 *
 * @module
 */

import { keptText } from "../resolver/kept_text.ts";
import { makerOf } from "../resolver/made_endpoint.ts";
import type { Resolver } from "../resolver/resolver.ts";
import { type ResolutionSink, WatchingResolver } from "../resolver/watching_resolver.ts";
import type { InternodeError } from "../../errors.ts";
import { quoted } from "../../foreign/plain_text.ts";
import { BackOff } from "../../rpc/connecting/back_off.ts";
import { type Logger, loggerOf } from "../../rpc/contract/logger.ts";
import type { Clock, Random } from "../../runtime/clock.ts";
import type { Endpoint } from "../../transport/channel/endpoint.ts";
import { tcp, type TcpEndpointOptions } from "../../transport/net_endpoint.ts";
import { thisPlatform } from "../../runtime/this_platform.ts";
import {
  addressLookUp,
  type DnsQuestion,
  type DnsRecordType,
  type DnsTarget,
  lookUp,
  lookUpError,
  type NameServer,
  noRecords,
  type ResolveDns,
} from "./dns_lookup.ts";
import { ValidParts } from "../resolver/valid_parts.ts";
import { madeEndpoint } from "../resolver/made_endpoint.ts";
import { invalidOption, positiveOption } from "../resolver/option_checks.ts";
import { pause } from "../../runtime/pause.ts";
import { withAttributes } from "../resolver/attributed_endpoint.ts";
import { TimeLimit } from "../resolver/time_limit.ts";
import { ProblemLog } from "../resolver/problem_log.ts";
import { type ShrinkOptions, shrinkSettings } from "../resolver/shrink_guard.ts";
import { fields, func, optionsOf } from "../../foreign/option_checks.ts";
import { shown } from "../../foreign/text_of.ts";
import { clockOf, randomOf } from "../../runtime/given_clock.ts";

/** The first wait after a failure; each further one is 1.6 times as long, less up to 40 %. */
const FIRST_RETRY_MS = 500;

/** Some records are good for no time at all. */
const LEAST_INTERVAL_MS = 1_000;
/** How long too many records must be gone by default; always for two lookups. */
const LEAST_HOLD_MS = 60_000;
/** Where all records but one may be gone at once, the last one may not. */
const ALMOST_ALL = 1 - Number.EPSILON;

/** How a name is looked up. */
export interface DnsResolverOptions extends ShrinkOptions {
  /** The replicas' port, from 1 to 65,535. Needed for all types but `SRV`, whose records have ports of their own. */
  readonly port?: number | undefined;
  /**
   * Which records to ask for. Default: `"A"`. With `"A+AAAA"` a replica that
   * has an address of each kind counts as two.
   */
  readonly type?: DnsRecordType | undefined;
  /** The longest time between two lookups, in milliseconds, and the longest wait after a failed one. Where the addresses' time to live is known and is over sooner, the next lookup is then, but not within a second of the last. Default: 30,000. */
  readonly intervalMs?: number | undefined;
  /** How long one lookup may take, in milliseconds. Default: 5,000. */
  readonly timeoutMs?: number | undefined;
  /** The server to ask, also for the addresses of the hosts that `SRV` records name. Default: that of the system. */
  readonly nameServer?: NameServer | undefined;
  /**
   * Makes the endpoint of a `host:port`, or `[ipv6]:port`. With a `nameServer`
   * the options hold what asks it for a host's addresses: hand them on to `tcp`.
   * Default: `tcp`.
   */
  readonly makeEndpoint?:
    | ((address: string, options: TcpEndpointOptions) => Endpoint)
    | undefined;
  /** Looks names up. Default: the runtime, on Deno `Deno.resolveDns`. */
  readonly resolveDns?: ResolveDns | undefined;
  /** Where failures are told while the last good answer stays in use. Default: the console. */
  readonly logger?: Logger | undefined;
  /** Where time comes from. Default: the system. */
  readonly clock?: Clock | undefined;
  /** The source of random numbers. Default: the system. */
  readonly random?: Random | undefined;
}

/**
 * A resolver of the addresses that DNS has for a name. It looks up again every
 * `intervalMs` for as long as somebody waits, and sooner where the addresses'
 * time to live is over sooner; Node and Bun tell it, and Deno with
 * `--allow-sys=networkInterfaces`, but none of them for `SRV` records. After a
 * failure it looks up again from 0.5 s on, by 1.6, less up to 40 %. An answer is
 * good until the next lookup for all who ask.
 *
 * - **A lookup that fails** (no answer, a broken one) keeps the last addresses,
 *   with a warning. While none are known yet, `resolve` rejects.
 * - **No such records** at first: no endpoints, and the version `missing`, with
 *   a warning, as the name may yet come to exist. Later it counts only once DNS
 *   has said nothing else for `shrinkHoldMs`: through the runtime a name server
 *   in trouble looks just the same.
 * - **Much fewer records** than before, by more than `maxShrink`, count as late,
 *   as a server in trouble may have lost some of them.
 * - **SRV** (RFC 2782) gives host and port of each record, with `priority` and
 *   `weight`: a client is connected to all, but only replicas of the lowest
 *   priority get calls, and those of the next one when none of these can take
 *   any. By weight go the balancers `roundRobin`, `leastLoaded` and
 *   `consistentHash`. The target "." stands for no record. The hosts' addresses
 *   are looked up when they are dialled, at `nameServer` if there is one.
 * - **One bad part** does not spoil the others: a record that makes no endpoint
 *   is passed over, and where one of two kinds of addresses cannot be had, its
 *   last ones and those of the other kind are used, both with a warning.
 *
 * Answers in another order are no news. A server that gives each time other
 * few of many addresses makes the set change with each lookup. Needs
 * `--allow-net` for the name server.
 *
 * @param name The name; with a dot at its end, the system's search domains are left out.
 * @param options What to ask for, and how often.
 * @returns The resolver. Its errors are `Unreachable`, and `InvalidArgument` for a missing permission.
 * @throws {InternodeError} `InvalidArgument` for options that make no sense.
 *
 * @example Replicas behind one name, with an answer made up
 * ```ts
 * import { dnsResolver } from "@internode/grid/call";
 * import { assertEquals } from "@std/assert";
 *
 * const resolver = dnsResolver("cache.internal.example", {
 *   port: 9000,
 *   intervalMs: 10_000,
 *   resolveDns: () => Promise.resolve(["10.0.0.1", "10.0.0.2"]),
 * });
 * const { endpoints } = await resolver.resolve(null, new AbortController().signal);
 * assertEquals(endpoints.map(({ address }) => address), [
 *   "tcp://10.0.0.1:9000",
 *   "tcp://10.0.0.2:9000",
 * ]);
 * ```
 */
export function dnsResolver(name: string, options: DnsResolverOptions): Resolver {
  const watched = new WatchedName(name, options);
  const { logger, clock } = options, what = `${name} in DNS`;
  const { maxShrink, shrinkHoldMs } = shrinkSettings("dnsResolver", options, {
    maxShrink: 0.5,
    shrinkHoldMs: Math.max(LEAST_HOLD_MS, 2 * watched.intervalMs),
  });
  return new WatchingResolver(
    (sink, signal) => watched.watch(sink, signal),
    { maxShrink: maxShrink === false ? ALMOST_ALL : maxShrink, shrinkHoldMs, what, logger, clock },
  );
}

/** What the last lookups have shown. */
type Known =
  | { readonly kind: "endpoints"; readonly endpoints: readonly Endpoint[] }
  | { readonly kind: "missing" }
  | { readonly kind: "nothing"; readonly error: InternodeError };

class WatchedName {
  /** See {@linkcode DnsResolverOptions}. */
  readonly intervalMs: number;
  readonly #question: DnsQuestion;
  readonly #timeoutMs: number;
  readonly #makeEndpoint: (address: string, options: TcpEndpointOptions) => Endpoint;
  readonly #endpointOptions: TcpEndpointOptions;
  readonly #clock: Clock;
  readonly #backOff: BackOff;
  readonly #problem: ProblemLog;
  readonly #parts: ValidParts;
  /** The last records of each kind. */
  readonly #targets = new Map<DnsRecordType, readonly DnsTarget[]>();
  #known: Known | null = null;
  /** What the sink was told last. */
  #told: Known | null = null;
  /** Why the last lookup has failed, if it has. */
  #failure: InternodeError | null = null;
  #nextLookupMs = -Infinity;

  constructor(name: string, options: DnsResolverOptions) {
    const check = (
      option: "intervalMs" | "timeoutMs",
      byDefault: number,
    ): number => positiveOption("dnsResolver", option, options[option], byDefault);
    this.#question = questionOf(name, optionsOf("dnsResolver", options));
    this.intervalMs = check("intervalMs", 30_000);
    this.#timeoutMs = check("timeoutMs", 5_000);
    this.#makeEndpoint = makerOf(options.makeEndpoint) ?? tcp;
    this.#endpointOptions = options.nameServer === undefined
      ? {}
      : { lookUp: addressLookUp(this.#question) };
    this.#clock = clockOf(options.clock);
    this.#backOff = new BackOff({
      initialMs: Math.min(FIRST_RETRY_MS, this.intervalMs),
      factor: 1.6,
      maxMs: this.intervalMs,
      jitter: 0.4,
    }, randomOf(options.random));
    const logger = loggerOf(options.logger);
    this.#problem = new ProblemLog(
      logger,
      this.#clock,
      `DNS answers for ${name} correctly again.`,
      {
        event: "resolver_recovered",
        name,
      },
    );
    this.#parts = new ValidParts(logger, { name });
  }

  async watch(sink: ResolutionSink, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // What was learnt before this watch began may still be good.
      if (this.#clock.now() >= this.#nextLookupMs) await this.#look(signal);
      if (signal.aborted) return;
      this.#tell(sink);
      await pause(this.#clock, this.#nextLookupMs - this.#clock.now(), signal);
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    using bound = new TimeLimit(this.#clock, this.#timeoutMs, signal);
    const answers = await lookUp(this.#question, bound.signal);
    if (signal.aborted) return;
    const failures = answers.filter(({ targets }) => targets === null);
    const errors = failures.map(({ type, cause }) =>
      lookUpError({ ...this.#question, type }, cause, bound.expired ? this.#timeoutMs : null)
    );
    if (failures.length === answers.length) return this.#keep(errors[0]!);
    for (const { type, targets } of answers) {
      if (targets !== null) this.#targets.set(type, targets);
    }
    // Of a kind that was not answered the last records are as good as ever.
    const targets = answers.flatMap(({ type }) => this.#targets.get(type) ?? []);
    if (targets.length === 0) {
      return errors.length > 0 ? this.#keep(errors[0]!) : this.#takeAbsence();
    }
    this.#take(targets, errors);
  }

  /** There are records; some kinds of them could not be had, perhaps. */
  #take(targets: readonly DnsTarget[], errors: readonly InternodeError[]): void {
    try {
      const endpoints = this.#parts.take(
        targets,
        (target) => this.#endpointOf(target),
        ({ host }, problem) =>
          `A record of ${this.#question.name} leads to ${
            quoted(host)
          }, which makes no endpoint: ${problem}`,
      );
      this.#known = { kind: "endpoints", endpoints };
      this.#failure = null;
    } catch (cause) {
      return this.#keep(lookUpError(this.#question, cause, null));
    }
    const [error] = errors;
    if (error === undefined) {
      this.#problem.clear();
      this.#backOff.reset();
      this.#nextLookupMs = this.#clock.now() + goodForMs(targets, this.intervalMs);
    } else {
      this.#warn(error, "The other records are used.");
      this.#nextLookupMs = this.#clock.now() + this.#backOff.next();
    }
  }

  #endpointOf({ host, rank }: DnsTarget): Endpoint {
    const endpoint = madeEndpoint(() => this.#makeEndpoint(host, this.#endpointOptions));
    return rank === undefined ? endpoint : withAttributes(endpoint, rank);
  }

  #takeAbsence(): void {
    this.#known = { kind: "missing" };
    this.#failure = null;
    this.#warn(noRecords(this.#question), "It is asked again until there are some.");
    this.#nextLookupMs = this.#clock.now() + this.#backOff.next();
  }

  /** Stays with what is known, and asks again soon. */
  #keep(error: InternodeError): void {
    const known = this.#known;
    this.#failure = error;
    if (known === null || known.kind === "nothing") this.#known = { kind: "nothing", error };
    else {
      this.#warn(
        error,
        known.kind === "missing" ? "Nothing changes until then." : keptText(known.endpoints.length),
      );
    }
    this.#nextLookupMs = this.#clock.now() + this.#backOff.next();
  }

  #warn(error: InternodeError, consequence: string): void {
    this.#problem.warn(`${error.message} ${consequence}`, {
      event: "resolver_failed",
      name: this.#question.name,
      reason: error.message,
      code: error.code,
      error,
    });
  }

  #tell(sink: ResolutionSink): void {
    const known = this.#known!;
    if (known.kind === "nothing") return sink.fail(known.error);
    // What was told before proves nothing about now.
    if (this.#failure !== null && this.#told === known) return sink.fail(this.#failure);
    this.#told = known;
    if (known.kind === "endpoints") sink.set(known.endpoints);
    else sink.setMissing();
  }
}

/** How long an answer is good for: for as long as the record that is good for the shortest time. */
function goodForMs(targets: readonly DnsTarget[], atMostMs: number): number {
  let seconds = Infinity;
  for (const { ttl = Infinity } of targets) if (ttl < seconds) seconds = ttl;
  return Math.min(Math.max(seconds * 1_000, LEAST_INTERVAL_MS), atMostMs);
}

function questionOf(name: string, options: DnsResolverOptions): DnsQuestion {
  const { type = "A", port = 0, nameServer } = options;
  if (typeof name !== "string" || !/^[^\s:/]+$/.test(name) || /^[\d.]+$/.test(name)) {
    throw invalidOption(
      "dnsResolver",
      "name",
      `must be a host or service name, not ${shown(name)}; ` +
        "for addresses that do not change, use constantResolver",
    );
  }
  if (type === "SRV" ? options.port !== undefined : !isPort(port)) {
    throw invalidOption(
      "dnsResolver",
      "port",
      type === "SRV"
        ? "must be left out for SRV records, which have ports of their own"
        : `must be from 1 to 65535, not ${shown(options.port)}`,
    );
  }
  if (!["A", "AAAA", "A+AAAA", "SRV"].includes(type)) {
    throw invalidOption(
      "dnsResolver",
      "type",
      `must be "A", "AAAA", "A+AAAA" or "SRV", not ${shown(type)}`,
    );
  }
  if (nameServer !== undefined) {
    const { ipAddr, port } = fields("nameServer", nameServer)!;
    if (typeof ipAddr !== "string" || port !== undefined && !isPort(port)) {
      const rule = "must have a string ipAddr, and a port from 1 to 65535 if any";
      throw invalidOption("dnsResolver", "nameServer", rule);
    }
  }
  if (options.resolveDns !== undefined) func("resolveDns", options.resolveDns);
  const resolveDns: ResolveDns = options.resolveDns ?? thisPlatform().lookUp;
  return { name, type, port, nameServer, resolveDns };
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port <= 65_535;
}
