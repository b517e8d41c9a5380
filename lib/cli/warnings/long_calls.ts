/**
 * Handlers that hang, and calls that do not get on.
 *
 * @module
 */

import type { AdminCall } from "../../admin/calls_contract.ts";
import type { Answered } from "../asking/ask_all.ts";
import { countText, timeText } from "../output/figures.ts";
import type { HostLook } from "./host_look.ts";
import { namesText, type Warning } from "./warning.ts";

/** A call, and the host that tells of it. */
interface Told {
  readonly teller: string;
  readonly call: AdminCall;
}

/**
 * Finds the handlers whose calls take long: at the hosts that have said so, and
 * at others, as far as their callers know.
 *
 * @param looks What hosts have said, with their calls that have taken long.
 * @param olderMs How long that is.
 */
export function longCalls(looks: readonly Answered<HostLook>[], olderMs: number): Warning[] {
  const all = looks.flatMap(({ host, value }): Told[] =>
    value.calls.map((call) => ({ teller: host, call }))
  );
  // A host knows best of the calls that have reached it.
  const known = new Set(looks.flatMap(({ host, value }) => [host, value.status.name]));
  const served = all.filter(({ call }) => call.direction === "incoming" && isStuck(call));
  const made = all.filter(({ call }) =>
    call.direction === "outgoing" && call.state !== "abandoned" && isStuck(call) &&
    !(known.has(call.host) && hasArrived(call))
  );
  const least = timeText(olderMs);
  return [
    ...groupsOf(made, ({ call }) => call.host).map(([host, group]): Warning => ({
      host,
      handler: null,
      text: madeText(group, least),
    })),
    ...groupsOf(served, ({ teller, call }) => `${teller}\n${call.handler}`).map(
      ([, group]): Warning => ({
        host: group[0]!.teller,
        handler: group[0]!.call.handler,
        text: servedText(group, least),
      }),
    ),
  ];
}

/** A stream may be open for long; no call may wait for long. */
function isStuck({ kind, state }: AdminCall): boolean {
  return kind === "single" || (state !== "running" && state !== "credit");
}

/** Whether the other side has it among its own. */
function hasArrived({ state }: AdminCall): boolean {
  return state === "running" || state === "credit";
}

/** Each group with the oldest call first. */
function groupsOf(
  all: readonly Told[],
  keyOf: (told: Told) => string,
): readonly (readonly [key: string, group: readonly Told[]])[] {
  const sorted = all.toSorted((one, other) => other.call.ageMs - one.call.ageMs);
  return [...Map.groupBy(sorted, keyOf)];
}

function servedText(group: readonly Told[], least: string): string {
  const { call: { ageMs, host } } = group[0]!;
  const queued = count(group, "queued"), abandoned = count(group, "abandoned");
  const parts = [
    `${callsText(group.length, "has run", "have run")} for more than ${least}`,
    `the oldest for ${timeText(ageMs)} (from ${host})`,
    ...(queued === 0 ? [] : [`${countText(queued)} of them in the queue of the handler`]),
    ...(abandoned === 0 ? [] : [`${countText(abandoned)} of them abandoned by their callers`]),
  ];
  return `${parts.join(", ")}.`;
}

function madeText(group: readonly Told[], least: string): string {
  const { call: { ageMs, handler, state }, teller } = group[0]!;
  const handlers = Array.from(
    Map.groupBy(group, ({ call }) => call.handler),
    ([name, { length }]) => `${name} (${countText(length)})`,
  );
  return `${callsText(group.length, "waits", "wait")} for it for more than ${least}: ` +
    `${namesText(handlers.sort())}; the oldest for ${timeText(ageMs)} ` +
    `(${handler} from ${teller}${STATES[state] ?? ""}).`;
}

function callsText(calls: number, one: string, many: string): string {
  return calls === 1 ? `1 call ${one}` : `${countText(calls)} calls ${many}`;
}

/** What a call waits for, where that is not its handler. */
const STATES: Readonly<Record<string, string>> = {
  connecting: ", for a connection",
  backOff: ", for its next attempt",
  slot: ", as that host takes no more calls at a time",
  sending: ", as that host takes no more bytes",
};

function count(group: readonly Told[], wanted: string): number {
  return group.filter(({ call: { state } }) => state === wanted).length;
}
