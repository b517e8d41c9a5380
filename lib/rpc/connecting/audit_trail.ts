/**
 * Reports refusals to an audit, within limits.
 *
 * @module
 */

import type { ErrorCode } from "../../errors.ts";
import { tell } from "../../foreign/guard.ts";
import { about, type EventLogger } from "../../foreign/log_event.ts";
import { plainText } from "../../foreign/plain_text.ts";
import { sentence, textOf } from "../../foreign/text_of.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import { RepeatedLines, times } from "../../driver/repeated_lines.ts";
import { TokenBucket } from "../../wire/token_bucket.ts";
import type {
  AdminAction,
  Audit,
  AuditEvent,
  RefusedCall,
  RefusedConnection,
} from "../contract/audit.ts";
import { invalidOption } from "../../foreign/option_checks.ts";

/** How many events of a kind are reported at once. */
const BURST = 100;
/** How many more are reported per second. */
const A_SECOND = 10;
/** How long until the number of the others is reported, in milliseconds. */
const SUM_MS = 10_000;
/** The longest text in an event, in UTF-16 units. */
const MAX_TEXT = 1_024;

/** Calls with other codes were not refused: they came too late, did not fit, or failed. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  "PermissionDenied",
  "UnknownHandler",
  "Overloaded",
]);

/** What an audit trail is made from. */
export interface AuditTrailInit {
  /** The user's. */
  readonly audit: Audit;
  /** The host, server or listener. */
  readonly local: string;
  /** Logs failures of the audit. */
  readonly logger: EventLogger;
  /** The source of time. */
  readonly clock: Clock;
}

/** Reports the refusals of one node, server or listener to a user's audit. */
export class AuditTrail {
  /** The host, server or listener. */
  local: string;
  readonly #init: AuditTrailInit;
  readonly #connections = new TokenBucket(BURST, A_SECOND);
  readonly #calls = new TokenBucket(BURST, A_SECOND);
  readonly #failures = new RepeatedLines();
  #connectionsLeftOut = 0;
  #callsLeftOut = 0;
  #timer: Timer | null = null;
  #isClosed = false;

  constructor(init: AuditTrailInit) {
    this.#init = init;
    this.local = init.local;
  }

  /** A connection was refused. */
  onConnection(refused: Omit<RefusedConnection, "event" | "timeMs" | "local">): void {
    if (!this.#connections.take(1, this.#init.clock.now())) {
      this.#connectionsLeftOut++;
      return this.#sumUp();
    }
    const { clock } = this.#init;
    this.#tell({
      ...refused,
      event: "connection_refused",
      timeMs: clock.wallNow(),
      local: this.local,
      caller: refused.caller === undefined ? undefined : plainText(refused.caller, MAX_TEXT),
      reason: plainText(refused.reason, MAX_TEXT),
    });
  }

  /** A call was answered without its handler, perhaps for another reason than a refusal. */
  onCall(refused: Omit<RefusedCall, "event" | "timeMs" | "local">): void {
    if (!REFUSALS.has(refused.code)) return;
    if (!this.#calls.take(1, this.#init.clock.now())) {
      this.#callsLeftOut++;
      return this.#sumUp();
    }
    this.#tell({
      ...refused,
      event: "call_refused",
      timeMs: this.#init.clock.wallNow(),
      local: this.local,
      caller: plainText(refused.caller, MAX_TEXT),
      handler: plainText(refused.handler, MAX_TEXT),
      subroute: plainText(refused.subroute, MAX_TEXT),
      reason: plainText(refused.reason, MAX_TEXT),
    });
  }

  /** Somebody has changed something. It was allowed to, so that there is no limit. */
  onAction(action: Omit<AdminAction, "event" | "timeMs" | "local">): void {
    this.#tell({
      ...action,
      event: "admin_action",
      timeMs: this.#init.clock.wallNow(),
      local: this.local,
      caller: plainText(action.caller, MAX_TEXT),
      detail: plainText(action.detail, MAX_TEXT),
    });
  }

  /** Nothing more is refused: reports the remaining numbers now. Further calls do nothing. */
  close(): void {
    this.#isClosed = true;
    if (this.#timer === null) return;
    this.#init.clock.clearTimer(this.#timer);
    this.#tellSum();
  }

  #sumUp(): void {
    // Nothing would clear the timer.
    if (this.#isClosed) return;
    this.#timer ??= this.#init.clock.setTimer(SUM_MS, () => this.#tellSum());
  }

  #tellSum(): void {
    const connections = this.#connectionsLeftOut, calls = this.#callsLeftOut;
    this.#timer = null;
    this.#connectionsLeftOut = this.#callsLeftOut = 0;
    const { clock } = this.#init, { local } = this;
    this.#tell({
      event: "refusals_left_out",
      timeMs: clock.wallNow(),
      local,
      connections,
      calls,
    });
  }

  #tell(event: AuditEvent): void {
    const { audit, logger, clock } = this.#init;
    tell(() => audit(event), (thrown) => {
      const reason = textOf(thrown), count = this.#failures.note(reason, clock.now());
      const text = `The audit callback failed, so refusals were not recorded: ${sentence(reason)}`;
      const fields = { what: "audit", local: this.local, count, ...about(thrown) };
      logger[count > 0 ? "error" : "debug"](text + times(count), {
        event: "callback_failed",
        ...fields,
      });
    });
  }
}

/**
 * The audit that a user has given.
 *
 * @param audit The option.
 * @returns `null` if there is none.
 * @throws {InternodeError} `InvalidArgument` if it is no function.
 */
export function auditOf(audit: Audit | undefined): Audit | null {
  if (audit === undefined) return null;
  if (typeof audit === "function") return audit;
  throw invalidOption("audit", "must be a function, or left out");
}

/** What tells an audit, if there is one. */
export function auditTrailOf(
  audit: Audit | null,
  local: string,
  logger: EventLogger,
  clock: Clock,
): AuditTrail | null {
  return audit === null ? null : new AuditTrail({ audit, local, logger, clock });
}
