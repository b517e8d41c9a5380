/**
 * What answers the calls of admin, for one node or server.
 *
 * @module
 */

import { hexOf } from "../foreign/hex.ts";
import { systemRandom } from "../runtime/system_random.ts";
import { promiseOf } from "../foreign/thenable.ts";
import { about } from "../foreign/log_event.ts";
import { quoted } from "../foreign/plain_text.ts";
import { sentence, textOf } from "../foreign/text_of.ts";
import { type Health, healthBounds, healthOf, type HealthOptions } from "../operations/health.ts";
import { BUCKET_BOUNDS_MS } from "../rpc/metering/call_figures.ts";
import { isAskedFor } from "./asked_handler.ts";
import { checkedCalls, checkedTrace } from "./call_filter.ts";
import { callFigures } from "./call_figures.ts";
import type { FiguresRequest, FiguresResponse } from "./figures_contract.ts";
import { describe } from "../reflection/describe.ts";
import type { AuditTrail } from "../rpc/connecting/audit_trail.ts";
import { resolveGraceMs } from "../rpc/connecting/close_options.ts";
import type { AdminAction } from "../rpc/contract/audit.ts";
import type { HandlerContext } from "../rpc/contract/handler.ts";
import type { Inspection, Remote } from "../rpc/inspection/inspection.ts";
import { VERSION } from "../rpc/inspection/version.ts";
import { remoteOf } from "../rpc/serving/call_context.ts";
import { thisPlatform } from "../runtime/this_platform.ts";
import type { CallsRequest, CallsResponse, TraceRequest } from "./calls_contract.ts";
import type { DescribeRequest, DescribeResponse } from "./describe_contract.ts";
import { LogLevelControl } from "./log_level_control.ts";
import type { AdminRemote, AdminStatus, Figures, StatusRequest } from "./status_contract.ts";
import type {
  AdminLogLevel,
  DrainRequest,
  DrainResponse,
  LogLevelRequest,
  PingRequest,
  PingResponse,
} from "./steering_contract.ts";
import { TraceFeed } from "./trace_feed.ts";

/** Answers for one node or server. */
export class AdminService {
  readonly #face: Inspection;
  readonly #audit: AuditTrail | null;
  readonly #logLevel: LogLevelControl;
  /** Other than that of each other service. */
  readonly #instance = hexOf(systemRandom.bytes(8));
  readonly #feeds = new Set<TraceFeed>();

  /**
   * @param face What it tells of.
   * @param audit Hears of what it changes; `null` if there is none.
   */
  constructor(face: Inspection, audit: AuditTrail | null) {
    this.#face = face;
    this.#audit = audit;
    this.#logLevel = new LogLevelControl(face);
  }

  /** See `statusContract`. */
  status({ remotes = true, options = true }: StatusRequest): AdminStatus {
    const face = this.#face, { runtime, processId, memory } = thisPlatform();
    return {
      kind: face.kind,
      name: face.name,
      version: VERSION,
      runtime: `${runtime.name} ${runtime.version}`,
      processId,
      timeMs: face.clock.wallNow(),
      uptimeMs: face.uptimeMs,
      phase: face.phase,
      addresses: face.addresses,
      logLevel: face.logLevel,
      options: options ? face.options : {},
      stats: figuresOf(face.stats()),
      loopDelay: face.loopDelay(),
      memory: memory(),
      remotes: remotes ? face.remotes().map(shownRemote) : [],
      guests: face.guests().map(shownRemote),
      certificates: face.certificates(),
    };
  }

  /** See `callsContract`. */
  calls(request: CallsRequest): CallsResponse {
    const { limit, minAgeMs, handler, direction } = checkedCalls(request);
    // Those that are left out below must not take the place of others.
    const all = this.#face.calls({ limit: Number.MAX_SAFE_INTEGER, minAgeMs, handler });
    const wanted = all.filter((call) =>
      isAskedFor(call.handler, handler) &&
      (direction === undefined || call.direction === direction)
    );
    const calls = wanted.slice(0, limit);
    return { timeMs: this.#face.clock.wallNow(), calls, inFlight: wanted.length };
  }

  /** See `traceContract`. */
  trace(request: TraceRequest): TraceFeed {
    const feed = new TraceFeed(
      this.#face,
      checkedTrace(request),
      (ended) => this.#feeds.delete(ended),
    );
    this.#feeds.add(feed);
    return feed;
  }

  /** See `describeContract`. */
  describe({ handler }: DescribeRequest): DescribeResponse {
    const wanted = this.#face.handlers().filter(({ name }) => isAskedFor(name, handler));
    const handlers = wanted.map(({ contract, ...facts }) => ({
      ...facts,
      kind: contract.kind,
      description: JSON.stringify(describe(contract)),
    }));
    return { handlers };
  }

  /** See `pingContract`. */
  ping({ payload }: PingRequest): PingResponse {
    return { payload, timeMs: this.#face.clock.wallNow() };
  }

  /** See `healthContract`. */
  health(request: HealthOptions): Health {
    return healthOf([this.#face], healthBounds(request));
  }

  /** See `figuresContract`. */
  figures(request: FiguresRequest): FiguresResponse {
    const { clock } = this.#face, rows = callFigures(this.#face, request);
    return {
      atMs: clock.now(),
      timeMs: clock.wallNow(),
      instance: this.#instance,
      boundsMs: BUCKET_BOUNDS_MS,
      rows,
    };
  }

  /** See `logLevelContract`. */
  logLevel(request: LogLevelRequest, context: HandlerContext): AdminLogLevel {
    const wanted = this.#logLevel.read(request);
    if (wanted === null) return this.#logLevel.now;
    const { level, forMs } = wanted, isReset = request.level === "reset";
    const time = forMs === Infinity ? "until it is reset" : `for ${forMs} ms`;
    const what = isReset
      ? `resets the log level to ${level}`
      : `sets the log level to ${level} ${time}`;
    this.#tell("log_level", what, context);
    if (isReset) this.#logLevel.reset();
    else this.#logLevel.set(level, forMs);
    return this.#logLevel.now;
  }

  /** See `drainContract`. */
  drain({ graceMs }: DrainRequest, context: HandlerContext): DrainResponse {
    const face = this.#face, options = graceMs === undefined ? {} : { graceMs };
    resolveGraceMs(options);
    const { callsIn, callsOut } = face.stats();
    this.#tell("drain", "takes it out of service", context);
    // The answer leaves before.
    face.clock.soon(() =>
      promiseOf(() => face.drain(options)).catch((error) =>
        face.logger.error(`${face.name} could not be drained: ${sentence(textOf(error))}`, {
          event: "internal_error",
          local: face.name,
          ...about(error),
        })
      )
    );
    return { calls: callsIn + callsOut };
  }

  /** Sets back what was changed for a while. Any number of calls. */
  close(): void {
    for (const feed of [...this.#feeds]) feed.end();
    this.#logLevel.reset();
  }

  /** Says who has changed something. */
  #tell(action: AdminAction["action"], what: string, context: HandlerContext): void {
    const { caller, identity } = context, remote = remoteOf(context), { name, logger } = this.#face;
    const proven = identity === undefined ? "" : ` with the certificate "${identity.subject}"`;
    logger.warn(
      `${quoted(caller)} at ${remote}${proven} ${what}, by the admin service of ${name}.`,
      {
        event: "admin_action",
        local: name,
        what: action,
        caller,
        remote,
        ...(identity !== undefined && { subject: identity.subject }),
      },
    );
    this.#audit?.onAction({ action, remote, caller, identity, detail: what });
  }
}

function shownRemote({ identity, stats, ...facts }: Remote): AdminRemote {
  return {
    ...facts,
    stats: figuresOf(stats),
    identity: identity === undefined ? null : { subject: identity.subject, ...identity.sans },
  };
}

/** Counters as they travel. */
function figuresOf(stats: object): Figures {
  return { ...stats };
}
