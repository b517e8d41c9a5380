/**
 * Asks many hosts at once.
 *
 * @module
 */

import type { AdminClient } from "../../admin/admin_client.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import { sentence, textOf } from "../../foreign/text_of.ts";
import { pause } from "../../runtime/pause.ts";
import { NO, OK, UNREACHABLE } from "../world/exit_status.ts";
import type { Note } from "../output/table.ts";
import type { World } from "../world/world.ts";
import type { Tools } from "./tools.ts";

/** What came of asking one host. */
export type Answer<Value> =
  | { readonly host: string; readonly value: Value; readonly problem?: undefined }
  | { readonly host: string; readonly problem: Problem };

/** Why there is no answer. */
export interface Problem {
  /** The error's code. */
  readonly code: string;
  /** In words. */
  readonly message: string;
}

/** An answer that came. */
export type Answered<Value> = Extract<Answer<Value>, { readonly problem?: undefined }>;

/** How long a host that does not answer in time is waited for beyond its time, in milliseconds. */
const GRACE_MS = 250;

/**
 * Asks each host the same, all at once. Each has its own time; one that cannot
 * be reached does not keep the others.
 *
 * @param ask Asks one; its client is closed afterwards.
 * @param limitMs How long each may take. Default: the settings' time limit.
 * @returns Resolves with the answers, in the order of the hosts. Rejects if the world ends, or for a URL that makes no sense.
 */
export function askAll<Value>(
  hosts: readonly string[],
  tools: Tools,
  world: World,
  ask: (client: AdminClient, host: string) => Promise<Value>,
  limitMs: number = tools.timeoutMs,
): Promise<readonly Answer<Value>[]> {
  return Promise.all(hosts.map((host) => askOne(host, tools, world, ask, limitMs)));
}

async function askOne<Value>(
  host: string,
  tools: Tools,
  { clock, signal }: World,
  ask: (client: AdminClient, host: string) => Promise<Value>,
  limitMs: number,
): Promise<Answer<Value>> {
  const client = await tools.connect(host);
  const done = new AbortController(), either = AbortSignal.any([done.signal, signal]);
  try {
    const asked = ask(client, host).then((value): Answer<Value> => ({ host, value }));
    asked.catch(() => {});
    const late = pause(clock, limitMs + GRACE_MS, either).then((): Answer<Value> => ({
      host,
      problem: { code: "DeadlineExceeded", message: `It has not answered in ${limitMs} ms.` },
    }));
    const answer = await Promise.race([asked, late]);
    signal.throwIfAborted();
    return answer;
  } catch (error) {
    signal.throwIfAborted();
    return { host, problem: problemOf(error, host) };
  } finally {
    done.abort();
    await client.close();
  }
}

/** An error in the words of a row that begins with its host. */
export function problemOf(error: unknown, host: string): Problem {
  const code = isOwnError(error) ? error.code : "Error";
  return { code, message: sentence(withoutHost(textOf(error), host)) };
}

function withoutHost(text: string, host: string): string {
  return text.startsWith(`${host}: `) ? text.slice(host.length + 2) : text;
}

/** The answers that came. */
export function answered<Value>(answers: readonly Answer<Value>[]): readonly Answered<Value>[] {
  return answers.filter((each) => each.problem === undefined);
}

/** The rows of those hosts that did not answer. */
export function notesOf(answers: readonly Answer<unknown>[]): readonly Note[] {
  return answers.flatMap(({ host, problem }) =>
    problem === undefined ? [] : [{ first: host, note: `${problem.code}: ${problem.message}` }]
  );
}

/** The exit status: whether all have answered, and whether all is well with those that have. */
export function statusOf(answers: readonly Answer<unknown>[], isWell: boolean = true): number {
  if (answers.some(({ problem }) => problem !== undefined)) return UNREACHABLE;
  return isWell ? OK : NO;
}
