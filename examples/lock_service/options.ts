/**
 * What can be asked of the demo on its command line.
 *
 * @module
 */

import { parseArgs } from "node:util";

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
  /** Whether the nodes prove themselves by certificates rather than by a secret that they share. */
  mtls: boolean;
  /** Repeats the choices of the supervisor and the workers (not the timing of the processes). */
  seed: number;
  /** Print the summary as one line of JSON. */
  json: boolean;
  /** Break the lock on purpose. */
  careless: boolean;
}

/** How to call the demo. */
export const USAGE: string = `deno task demo [options]

  --nodes N          how many processes (8; 3 to 64)
  --seconds S        how long (20)
  --keys N           how many keys are locked (8)
  --transport NAME   tcp, unix, ws, or with --mtls wss (tcp)
  --mtls             over mutual TLS, each node with a certificate of its own;
                     over tcp, unix or wss
  --seed N           repeat the choices of an earlier run
  --json             print the summary as one line of JSON
  --break            break the lock on purpose: voters grant and replicas take
                     whatever they are asked; the checker must catch it
  --help             this text

Ends with status 0 if the lock held, 1 if it did not, 2 for a wrong option.`;

/** A wrong option; the message says which. */
export class UsageError extends Error {
  override name = "UsageError";
}

/**
 * Reads the command line.
 *
 * @returns The options, or `"help"`.
 * @throws {UsageError} For an unknown option or a value that makes no sense.
 */
export function parseOptions(args: string[], randomSeed: number): DemoOptions | "help" {
  const values = parse(args);
  if (values.help) return "help";
  const transport = TRANSPORTS.find((name) => name === values.transport);
  if (transport === undefined) {
    throw new UsageError(
      `--transport must be tcp, unix, ws or wss, not ${JSON.stringify(values.transport)}.`,
    );
  }
  if (values.mtls && transport === "ws") {
    throw new UsageError("--mtls goes over tcp, unix or wss, not over ws.");
  }
  if (!values.mtls && transport === "wss") {
    throw new UsageError("--transport wss needs --mtls; without it there is ws.");
  }
  return {
    nodes: wholeNumber("nodes", values.nodes, 3, 64),
    seconds: wholeNumber("seconds", values.seconds, 1, 86_400),
    keys: wholeNumber("keys", values.keys, 1, 10_000),
    transport,
    mtls: values.mtls,
    seed: values.seed === undefined ? randomSeed : wholeNumber("seed", values.seed, 0, 2 ** 32 - 1),
    json: values.json,
    careless: values.break,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        nodes: { type: "string", default: "8" },
        seconds: { type: "string", default: "20" },
        keys: { type: "string", default: "8" },
        transport: { type: "string", default: "tcp" },
        mtls: { type: "boolean", default: false },
        seed: { type: "string" },
        json: { type: "boolean", default: false },
        break: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/**
 * Reads the number that an option was given.
 *
 * @param name The option.
 * @param text What it was given.
 * @param from The least that makes sense.
 * @param to The most.
 * @throws {UsageError} If it is something else.
 */
export function wholeNumber(name: string, text: string, from: number, to: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= from && value <= to) return value;
  throw new UsageError(
    `--${name} must be a whole number from ${from} to ${to}, not ${JSON.stringify(text)}.`,
  );
}
