/**
 * The program `internode`.
 *
 * @module
 */

import { isOwnError } from "../foreign/own_error.ts";
import { quoted } from "../foreign/plain_text.ts";
import { sentence, textOf } from "../foreign/text_of.ts";
import { VERSION } from "../rpc/inspection/version.ts";
import type { EndSignal } from "../runtime/platform/terminal.ts";
import { within } from "../runtime/within.ts";
import type { Command } from "./arguments/command.ts";
import { commandHelp, type ProgramHelp, programHelp } from "./arguments/help.ts";
import { nearest } from "../foreign/nearest.ts";
import { readArguments } from "./arguments/read_arguments.ts";
import { UsageError } from "./arguments/usage_error.ts";
import { commands } from "./commands/commands.ts";
import { CONTEXT_HELP } from "./context/context_help.ts";
import { FAULT, NO, OK, STATUSES, UNREACHABLE, USAGE } from "./world/exit_status.ts";
import { Printer } from "./output/printer.ts";
import { USUAL_WIDTH } from "./output/wrap.ts";
import type { Surroundings, World } from "./world/world.ts";

/** What the program is called. */
const NAME = "internode";
/** How long a command may take to end once it is told to. */
const END_MS = 2_000;
/** Beyond it lines are hard to read. */
const MAX_HELP_WIDTH = 100;

const SIGNAL_STATUSES: Readonly<Record<EndSignal, number>> = {
  SIGINT: 130,
  SIGTERM: 143,
  SIGHUP: 129,
};

/** Failures of calls that are about one host, and say nothing of what was asked of it. */
const HOST_CODES = new Set([
  "Unreachable",
  "Disconnected",
  "DeadlineExceeded",
  "Unauthenticated",
  "PermissionDenied",
  "ProtocolError",
  "UnknownHandler",
  "GoingAway",
  "NotListed",
  "Overloaded",
  "Closed",
]);

/** Why a command is ended from outside. */
class Ending extends Error {
  override name = "Ending";
  /** The status with which the program ends. */
  readonly status: number;

  constructor(status: number) {
    super("The command was told to end.");
    this.status = status;
  }
}

/** The program with its commands, as its help shows it. */
const PROGRAM: ProgramHelp = {
  name: NAME,
  about:
    "Shows what nodes of a grid and servers of services do, and lets operators steer them. They must have the admin service: handle(admin, { allow }).",
  commands,
  ends: [["Which hosts, and how they are reached", CONTEXT_HELP], ["Exit status", STATUSES]],
};

/**
 * Runs a command line to its end.
 *
 * @param args What stands behind the program's name.
 * @param around What it runs in.
 * @returns The exit status. Never rejects.
 */
export async function runProgram(args: readonly string[], around: Surroundings): Promise<number> {
  const ending = new AbortController(), { terminal, files, clock } = around;
  const env = (name: string): string | undefined => {
    try {
      return around.env(name);
    } catch {
      return undefined;
    }
  };
  const printer = new Printer(terminal, env("NO_COLOR"), () => ending.abort(new Ending(OK)));
  const world: World = { terminal, files, clock, env, printer, signal: ending.signal };
  const stopListening = terminal.onSignal((signal) => {
    const status = SIGNAL_STATUSES[signal];
    // Who asks twice does not want to wait.
    if (ending.signal.aborted) terminal.exit(status);
    ending.abort(new Ending(status));
  });
  try {
    const running = run(args, world);
    const told = new Promise<void>((resolve) =>
      ending.signal.addEventListener("abort", () => resolve(), { once: true })
    );
    const status = await Promise.race([running, told]);
    if (status !== undefined && !ending.signal.aborted) return status;
    await within(clock, END_MS, running);
    return (ending.signal.reason as Ending).status;
  } finally {
    stopListening();
  }
}

/** Never rejects. */
async function run(args: readonly string[], world: World): Promise<number> {
  const [first, ...rest] = args, { printer } = world;
  try {
    return await dispatch(first, rest, world);
  } catch (error) {
    if (world.signal.aborted) return OK;
    if (error instanceof UsageError) {
      const more = commands.some(({ name }) => name === first) ? ` ${first}` : "";
      await printer.note(`${NAME}: ${error.message}\nSee "${NAME} help${more}".`);
      return USAGE;
    }
    const text = sentence(textOf(error));
    if (!isOwnError(error)) {
      await printer.note(`${NAME}: a fault of this program: ${text}`);
      return FAULT;
    }
    await printer.note(`${NAME}: ${text}`);
    return error.code === "InvalidArgument" ? USAGE : HOST_CODES.has(error.code) ? UNREACHABLE : NO;
  }
}

async function dispatch(
  name: string | undefined,
  args: readonly string[],
  world: World,
): Promise<number> {
  const { printer } = world, width = Math.min(printer.width ?? USUAL_WIDTH, MAX_HELP_WIDTH);
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    const [about] = args;
    const text = about === undefined
      ? programHelp(PROGRAM, width)
      : commandHelp(NAME, commandOf(about), width);
    if (name !== undefined) await printer.print(text);
    else await printer.note(text.trimEnd());
    return name === undefined ? USAGE : OK;
  }
  if (name === "--version" || name === "version") {
    await printer.print(`${VERSION}\n`);
    return OK;
  }
  const command = commandOf(name), given = readArguments(command, args);
  if (given !== "help") return await command.run(given, world);
  await printer.print(commandHelp(NAME, command, width));
  return OK;
}

function commandOf(name: string): Command {
  const found = commands.find((each) => each.name === name);
  if (found !== undefined) return found;
  const names = [...commands.map((each) => each.name), "help", "version"];
  const meant = nearest(name, names);
  throw new UsageError(
    `There is no command ${quoted(name)}.${
      meant === null ? ` There are: ${names.join(", ")}.` : ` Do you mean ${meant}?`
    }`,
  );
}
