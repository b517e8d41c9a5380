/**
 * The demo: a lock service whose nodes are killed and frozen, and that survives.
 *
 * @module
 */

import { count, duration } from "./supervisor/table_view.ts";
import { type Outcome, runDemo } from "./supervisor/demo.ts";
import { readOptions } from "../../tools/command_line/command_line.ts";
import { Interruption } from "./supervisor/interruption.ts";
import { parseOptions, USAGE } from "./supervisor/options.ts";
import { Screen } from "./supervisor/screen.ts";

/** How many violations are shown. */
const SHOWN = 10;

async function main(): Promise<number> {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
  const options = readOptions(USAGE, (args) => parseOptions(args, seed));
  const interruption = new Interruption();
  // With --json the standard output belongs to the summary alone.
  const screen = new Screen(
    options.json ? Deno.stderr : Deno.stdout,
    () => Deno.consoleSize().columns,
  );
  screen.print(
    `${options.nodes} nodes${on(options.runtimes)} over ${
      options.mtls ? "mutual TLS over " : ""
    }${options.transport}, ` +
      `${options.keys} keys, ${options.seconds} s; --seed ${options.seed}${
        options.careless ? "; THE LOCK IS BROKEN" : ""
      }`,
  );
  try {
    const outcome = await runDemo(options, screen, interruption.signal);
    screen.print(describe(outcome));
    if (options.json) console.log(JSON.stringify(outcome.summary));
    const { violations, hung } = outcome.summary;
    return violations + hung > 0 ? 1 : 0;
  } catch (error) {
    const errors = error instanceof AggregateError ? error.errors : [error];
    const reasons = interruption.signal.aborted ? [interruption.signal.reason] : new Set(errors);
    for (const reason of reasons) {
      screen.print(`The demo did not run to its end: ${reason.message ?? reason}`);
    }
    return interruption.signal.aborted ? interruption.status : 1;
  }
}

function on(runtimes: readonly string[]): string {
  return runtimes.length === 1 && runtimes[0] === "deno" ? "" : ` on ${runtimes.join(", ")}`;
}

function describe({ summary, verdict }: Outcome): string {
  const { violations, hung } = verdict;
  const lines = [
    "",
    `${count(summary.requests)} requests answered, p50 ${duration(summary.p50Us)}, ` +
    `p99 ${duration(summary.p99Us)}; ${summary.kills} kills, ${summary.reconnects} reconnects.`,
    `${count(verdict.locks)} locks acquired, ${count(verdict.writes)} protected writes; ` +
    `${verdict.lost} locks were lost by owners who froze or were cut off, ` +
    `${verdict.fenced} late writes were fenced off.`,
  ];
  const list = (title: string, sentences: readonly string[]) => {
    if (sentences.length === 0) return;
    lines.push(`${title}:`, ...sentences.slice(0, SHOWN).map((sentence) => `  ${sentence}`));
    if (sentences.length > SHOWN) lines.push(`  and ${sentences.length - SHOWN} more`);
  };
  list("VIOLATIONS", violations);
  list("CALLS THAT HUNG", hung);
  if (violations.length + hung.length === 0) {
    lines.push(
      "The lock held: no key had two owners at one time, no protected write went backwards,",
      "no call hung, every node came back.",
    );
  } else lines.push("The lock did NOT hold.");
  return lines.join("\n");
}

Deno.exit(await main());
