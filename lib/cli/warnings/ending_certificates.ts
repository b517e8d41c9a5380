/**
 * Certificates that end soon.
 *
 * @module
 */

import type { AdminStatus } from "../../admin/status_contract.ts";
import type { Answer } from "../asking/ask_all.ts";
import { certificatesSeen } from "../asking/seen_certificates.ts";
import { dateText, timeText } from "../output/figures.ts";
import type { Warning } from "./warning.ts";

const WHOSE: Readonly<Record<string, string>> = {
  own: "Its certificate",
  remote: "Its certificate",
  authorities: "The certificate of an authority that it trusts",
  revocations: "Its list of revoked certificates",
};

/** Finds the certificates that have ended, or end within some time. */
export function endingCertificates(
  answers: readonly Answer<AdminStatus>[],
  nowMs: number,
  withinMs: number,
): Warning[] {
  return certificatesSeen(answers)
    .filter(({ expiresMs }) => expiresMs <= nowMs + withinMs)
    .map(({ where, whose, subject, expiresMs }): Warning => {
      const what = WHOSE[whose] ?? "A certificate", name = subject === "" ? "" : ` "${subject}"`;
      const when = expiresMs <= nowMs ? "has ended" : `ends in ${timeText(expiresMs - nowMs)}`;
      return {
        host: where,
        handler: null,
        text: `${what}${name} ${when}: ${dateText(expiresMs)}.`,
      };
    });
}
