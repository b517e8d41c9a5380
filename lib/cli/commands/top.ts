/**
 * The live table of nodes, or of their handlers.
 *
 * @module
 */

import { pause } from "../../runtime/pause.ts";
import { type Command, command } from "../arguments/command.ts";
import { choice, duration, flag, text, whole } from "../arguments/option.ts";
import { UsageError } from "../arguments/usage_error.ts";
import { askAll } from "../asking/ask_all.ts";
import { HostWatch } from "../top/host_watch.ts";
import { type HostState, takeSample } from "../top/sample.ts";
import { SORT_KEYS, TopView } from "../top/top_view.ts";
import { OK, UNREACHABLE } from "../world/exit_status.ts";
import type { World } from "../world/world.ts";
import { type Asking, HOST_OPTIONS, HOSTS, PEERS_OPTION, withTools } from "./host_command.ts";

/** Another screen, without a cursor; and back. */
const ENTER = "\x1b[?1049h\x1b[?25l", LEAVE = "\x1b[?25h\x1b[?1049l";
/** To the top; the rest of a line, and what is below, is cleared as it is drawn. */
const HOME = "\x1b[H", CLEAR_LINE = "\x1b[K", CLEAR_BELOW = "\x1b[J";
const CTRL_C = "\x03";

/** `internode top`. */
export const topCommand: Command = command({
  name: "top",
  about: "Shows a live table of hosts, or of their handlers, with rates and times.",
  details:
    "Keys: o and O sort by another column, r reverses, v shows handlers instead of nodes, space pauses, ? lists the keys, q quits. Where the output is no terminal, a table is printed each time. Hosts begin to count calls by handler when they are first asked.",
  operands: [HOSTS],
  options: {
    once: flag("prints one table, and ends"),
    by: choice("what the rows are", ["node", "handler"], "node"),
    sort: text(`the column to sort by: ${SORT_KEYS.join(", ")}`, "COLUMN", undefined),
    every: duration("the time between two looks", "1s"),
    limit: whole("how many rows", { from: 1, fallback: Infinity }),
    ...PEERS_OPTION,
    ...HOST_OPTIONS,
  },
  examples: [
    { line: "top --context prod", about: "All hosts of a context" },
    {
      line: "top --by handler --sort p99Ms --once tcp://10.0.0.1:9000",
      about: "The slowest handlers of a node",
    },
    { line: "top --once --json", about: "For programs" },
  ],
  async run({ operands, options }, world) {
    const { once, by, sort, every, limit, json } = options;
    if (sort !== undefined && !SORT_KEYS.includes(sort)) {
      throw new UsageError(`--sort must be one of ${SORT_KEYS.join(", ")}.`);
    }
    const view = new TopView(by, sort, limit);
    return await withTools(
      operands,
      options,
      world,
      (asking) =>
        once
          ? showOnce(asking, view, every, json, world)
          : showLive(asking, view, every, json, world),
    );
  },
});

/** Two looks, as rates need two. */
async function showOnce(
  { hosts, tools }: Asking,
  view: TopView,
  everyMs: number,
  isJson: boolean,
  world: World,
): Promise<number> {
  const { clock, printer, signal } = world, now = (): number => clock.now();
  const answers = await askAll(hosts, tools, world, async (client) => {
    const before = await takeSample(client, now);
    await pause(clock, everyMs, signal);
    return { before, after: await takeSample(client, now) };
  }, 2 * tools.timeoutMs + everyMs);
  const states = answers.map((each): HostState =>
    each.problem === undefined
      ? { host: each.host, problem: null, ...each.value }
      : { ...each, before: null, after: null }
  );
  if (isJson) await printer.json(view.json(states));
  else await printer.print(view.table(states, printer));
  return states.every(({ problem }) => problem === null) ? OK : UNREACHABLE;
}

async function showLive(
  { hosts, tools }: Asking,
  view: TopView,
  everyMs: number,
  isJson: boolean,
  world: World,
): Promise<number> {
  const { clock, printer, terminal } = world, quit = new AbortController();
  const signal = AbortSignal.any([quit.signal, world.signal]);
  const watches = await Promise.all(
    hosts.map(async (host) => new HostWatch(host, await tools.connect(host), world)),
  );
  const isScreen = printer.isTerminal && !isJson;
  let redraw = new AbortController(), interrupted = false;
  const stopKeys = isScreen
    ? terminal.readKeys((keys) => {
      for (const key of keys) {
        interrupted ||= key === CTRL_C;
        if (key === CTRL_C || view.press(key)) quit.abort();
      }
      redraw.abort();
    })
    : null;
  const running = watches.map((watch) => watch.run(everyMs, signal));
  try {
    if (isScreen) await printer.print(ENTER);
    let states: readonly HostState[] = [], dueMs = clock.now();
    while (!signal.aborted) {
      if (!view.isPaused || states.length === 0) states = watches.map(({ state }) => state);
      if (isJson) await printer.jsonLine(view.json(states));
      else if (isScreen) await printer.print(screenOf(view.draw(states, clock.wallNow(), printer)));
      else await printer.print(`${view.table(states, printer)}\n`);
      // The first answers come before the first interval is over.
      if (states.some(({ after, problem }) => after === null && problem === null)) {
        dueMs = clock.now() + Math.min(everyMs, 200);
      } else if (clock.now() >= dueMs) dueMs = clock.now() + everyMs;
      redraw = new AbortController();
      await pause(clock, dueMs - clock.now(), AbortSignal.any([redraw.signal, signal]));
    }
    return interrupted ? 130 : OK;
  } finally {
    stopKeys?.();
    quit.abort();
    await Promise.all(watches.map((watch) => watch.close()));
    await Promise.all(running);
    if (isScreen) await printer.print(LEAVE);
  }
}

function screenOf(text: string): string {
  return HOME + text.replaceAll("\n", `${CLEAR_LINE}\r\n`) + CLEAR_LINE + CLEAR_BELOW;
}
