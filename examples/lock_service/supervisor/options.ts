/**
 * What can be asked of the demo on its command line.
 *
 * @module
 */

import {
  choice,
  CommandLine,
  flag,
  list,
  UsageError,
  whole,
} from "../../../tools/command_line/command_line.ts";

const TRANSPORTS = ["tcp", "unix", "ws", "wss"] as const;

/** The transports the demo can run over; `wss` by mutual TLS alone. */
export type TransportName = (typeof TRANSPORTS)[number];

/** How to run the demo. */
export interface DemoOptions {
  /** How many processes, 3 to 64. */
  nodes: number;
  /** How long the lock is used. */
  seconds: number;
  /** How many keys there are to lock: the fewer, the more contention. */
  keys: number;
  transport: TransportName;
  /** What the nodes run on, by turns. */
  runtimes: readonly string[];
  /** Whether the nodes prove themselves by certificates rather than by a secret that they share. */
  mtls: boolean;
  /** Repeats the choices of the supervisor and the workers (not the timing of the processes). */
  seed: number;
  /** Whether the live page is served. */
  web: boolean;
  /** Print the summary as one line of JSON. */
  json: boolean;
  /** Break the lock on purpose. */
  careless: boolean;
}

const LINE = new CommandLine(
  "deno task demo",
  "A lock service whose nodes are killed and frozen; a checker judges whether the lock held.",
  {
    nodes: whole("how many processes", { from: 3, to: 64, fallback: 8 }),
    seconds: whole("how long, in seconds", { from: 1, to: 86_400, fallback: 20 }),
    keys: whole("how many keys are locked", { from: 1, to: 10_000, fallback: 8 }),
    transport: choice("what it goes over, wss only with --mtls", TRANSPORTS, "tcp"),
    runtimes: list(
      "what the nodes run on, by turns: deno, node, bun, what npx brings such as node@26.10.0, " +
        "or the path of a program",
      "NAME,…",
      ["deno"],
      (name) => name,
    ),
    mtls: flag(
      "over mutual TLS, each node with a certificate of its own; over tcp, unix or wss",
    ),
    seed: whole("repeat the choices of an earlier run; without it they are drawn and printed", {
      from: 0,
      to: 2 ** 32 - 1,
      fallback: undefined,
    }),
    web: flag("serve the live page, and print its URL"),
    json: flag("print the summary as one line of JSON"),
    break: flag(
      "break the lock on purpose: voters grant and replicas take whatever they are asked; the " +
        "checker must catch it",
    ),
  },
  "Ends with status 0 if the lock held, 1 if it did not, 2 for a wrong option.",
);

/** How to call the demo. */
export const USAGE: string = LINE.usage;

/**
 * Reads the command line.
 *
 * @returns The options, or `"help"`.
 * @throws {UsageError} For an unknown option or a value that makes no sense.
 */
export function parseOptions(args: readonly string[], randomSeed: number): DemoOptions | "help" {
  const values = LINE.parse(args);
  if (values === "help") return values;
  const { break: careless, seed = randomSeed, ...options } = values;
  if (options.mtls && options.transport === "ws") {
    throw new UsageError("--mtls goes over tcp, unix or wss, not over ws.");
  }
  if (!options.mtls && options.transport === "wss") {
    throw new UsageError("--transport wss needs --mtls; without it there is ws.");
  }
  return { ...options, seed, careless };
}
