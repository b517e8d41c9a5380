/**
 * Hosts that others are not connected with.
 *
 * @module
 */

import type { AdminRemote } from "../../admin/status_contract.ts";
import { sentence } from "../../foreign/text_of.ts";
import { type Answer, answered } from "../asking/ask_all.ts";
import type { HostLook } from "./host_look.ts";
import { namesText, type Warning } from "./warning.ts";

/** Codes of hosts that are there, and do not let themselves be asked. */
const REFUSALS: ReadonlySet<string> = new Set([
  "Unauthenticated",
  "PermissionDenied",
  "ProtocolError",
  "UnknownHandler",
]);

/** What one host says of another. */
interface Told {
  readonly teller: string;
  readonly remote: AdminRemote;
}

/**
 * Finds the hosts that do not answer, or that others have no connection with,
 * and what the others say of them.
 */
export function missingHosts(answers: readonly Answer<HostLook>[]): Warning[] {
  const looks = answered(answers);
  const all = looks.flatMap(({ host, value: { status: { name, kind, remotes } } }): Told[] =>
    kind === "grid"
      ? remotes.filter((remote) => remote.host !== name).map((remote) => ({ teller: host, remote }))
      : []
  );
  const byHost = Map.groupBy(all, ({ remote }) => remote.host);
  const silent = answers.flatMap(({ host, problem }) =>
    problem === undefined ? [] : [{ host, problem }]
  );
  const asked = new Set(silent.map(({ host }) => host));
  const nobody = looks.length > 0
    ? "No other host that answers knows it by this name."
    : answers.length > 1
    ? "No other host answers, either."
    : "No other host was asked.";
  const others = [...byHost.keys()].filter((host) => !asked.has(host));
  return [
    ...silent.map(({ host, problem: { code } }): Warning => ({
      host,
      handler: null,
      text: `It ${REFUSALS.has(code) ? "cannot be asked" : "does not answer"} (${code}). ${
        byHost.has(host) ? whatOthersSay(byHost.get(host)!) : nobody
      }`,
    })),
    ...others.flatMap((host): Warning[] => {
      const told = byHost.get(host)!;
      return told.every(({ remote }) => !isMissing(remote))
        ? []
        : [{ host, handler: null, text: whatOthersSay(told) }];
    }),
  ];
}

/** One that is `idle` has no connection because nobody needs one. */
function isMissing({ state }: AdminRemote): boolean {
  return state === "disconnected" || state === "connecting";
}

function whatOthersSay(told: readonly Told[]): string {
  const missing = told.filter(({ remote }) => isMissing(remote)), all = told.length;
  const who = (count: number): string =>
    all === 1 ? "The other host is" : `${count} of ${all} other hosts are`;
  if (missing.length === 0) return `${who(all)} still connected with it.`;
  const names = missing.length === all
    ? ""
    : ` (${namesText(missing.map(({ teller }) => teller))})`;
  const [reason] = mostOften(
    missing.map(({ remote }) => remote.lastFailure).filter((one) => one !== ""),
  );
  const why = reason === undefined ? "." : `: ${sentence(reason)}`;
  return `${who(missing.length)} not connected with it${names}${why}`;
}

/** Each text once, those first that there are most of. */
function mostOften(texts: readonly string[]): readonly string[] {
  return [...Map.groupBy(texts, (text) => text)]
    .sort(([, one], [, other]) => other.length - one.length)
    .map(([text]) => text);
}
