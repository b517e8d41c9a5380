/**
 * All warnings at once.
 *
 * @module
 */

import { type Answer, answered } from "../asking/ask_all.ts";
import { differentContracts } from "./different_contracts.ts";
import { endingCertificates } from "./ending_certificates.ts";
import { failingHandlers } from "./failing_handlers.ts";
import type { HostLook } from "./host_look.ts";
import { longCalls } from "./long_calls.ts";
import { missingHosts } from "./missing_hosts.ts";
import type { Warning, WarningLimits } from "./warning.ts";

/** What is wrong with hosts, or will be soon: what stops calls first, and causes before what they lead to. */
export function warningsOf(
  answers: readonly Answer<HostLook>[],
  { olderMs, withinMs }: WarningLimits,
  nowMs: number,
): readonly Warning[] {
  const looks = answered(answers);
  const silent = new Set(
    answers.filter(({ problem }) => problem !== undefined).map(({ host }) => host),
  );
  const statuses = looks.map(({ host, value: { status } }) => ({ host, value: status }));
  return [
    ...missingHosts(answers),
    ...longCalls(looks, olderMs),
    ...differentContracts(looks),
    ...failingHandlers(looks, silent),
    ...endingCertificates(statuses, nowMs, withinMs),
  ];
}
