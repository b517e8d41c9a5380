/**
 * Refuses the calls of a caller that may not make them.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { tell } from "../../foreign/guard.ts";
import { about } from "../../foreign/log_event.ts";
import { quoted } from "../../foreign/plain_text.ts";
import type { PeerIdentity } from "../../transport/channel/peer_identity.ts";
import { namesText } from "../../transport/channel/peer_name.ts";
import { times } from "../../driver/repeated_lines.ts";
import type { AllowRule } from "../contract/allow.ts";
import { type Called, CallTarget } from "./call_target.ts";
import type { CallSource } from "./call_source.ts";
import type { AnyContract } from "../contract/contract.ts";
import type { Serving } from "./serving.ts";

/** A client's name may be longer than is good for messages. */
const MAX_HOST_CHARACTERS = 200;

/** Replaces a handler for one caller: its calls are not decoded, and no handler runs. */
export class RefusedTarget extends CallTarget {
  readonly #error: InternodeError;

  /** @param message The message for the caller. */
  constructor(
    called: Called,
    serving: Serving,
    source: CallSource,
    subroute: string,
    message: string,
  ) {
    super(called, serving, source, subroute);
    this.#error = new InternodeError("PermissionDenied", message, {
      origin: "remote",
      outcome: "notExecuted",
    });
  }

  /** The rule has refused all calls of this caller. */
  protected override refusalOf(): InternodeError {
    this.source.onRefused();
    return this.#error;
  }
}

/**
 * Runs a rule whether a caller may call a handler, and logs a refusal.
 *
 * @param allow The rule.
 * @param contract The handler's contract.
 * @param serving Logs refusals.
 * @param source The caller.
 * @param subroute The subroute that is called.
 * @returns `null` if it may; otherwise the target that refuses its calls.
 */
export function judgeCaller(
  allow: AllowRule,
  contract: AnyContract,
  serving: Serving,
  source: CallSource,
  subroute: string,
): RefusedTarget | null {
  const { host, identity } = source;
  let verdict: unknown;
  let failure: { readonly error: unknown } | null = null;
  try {
    verdict = allow({ host, identity, subroute });
    if (verdict === true) return null;
  } catch (error) {
    failure = { error };
  }
  const who = `${quoted(host)}, ${
    identity === undefined
      ? "which showed no certificate"
      : `whose certificate "${identity.subject}" is for ${namesText(identity.sans)}`
  }`;
  const what = subroute === "" ? "this handler" : `this handler for subroute ${quoted(subroute)}`;
  const reason = why(verdict, failure);
  const { logger, clock, refusals } = serving;
  const count = refusals.note(`${contract.name} ${host}: ${reason}`, clock.now());
  logger[count === 0 ? "debug" : verdict === false ? "warn" : "error"](
    `Refused calls of ${contract.name}${where(subroute)} by ${who}: ${reason}.${times(count)}`,
    {
      event: verdict === false ? "calls_refused" : "callback_failed",
      ...(verdict !== false && { what: "allow" }),
      handler: contract.name,
      subroute,
      caller: host.slice(0, MAX_HOST_CHARACTERS),
      reason,
      count,
      ...(failure !== null && about(failure.error)),
    },
  );
  return new RefusedTarget(
    contract,
    serving,
    source,
    subroute,
    `${who}, may not call ${what}. ${advice(identity)}`,
  );
}

/** What to do. Without a certificate, adding the caller's name to `allowNames` would not help. */
function advice(identity: PeerIdentity | undefined): string {
  return identity === undefined
    ? "A rule of allowNames accepts only names that a certificate proves: connect by mutual TLS, or change the handler's allow rule."
    : "If it should, add a name of that certificate to the handler's allow rule.";
}

function why(verdict: unknown, failure: { readonly error: unknown } | null): string {
  if (failure !== null) return "the handler's allow rule threw an error";
  if (verdict === false) return "the handler's allow rule does not allow it";
  // An unhandled rejection of the promise would end the process.
  tell(() => verdict, () => {});
  return "the handler's allow rule must return true or false, not a promise or another value";
}

function where(subroute: string): string {
  return subroute === "" ? "" : ` for subroute ${quoted(subroute)}`;
}
