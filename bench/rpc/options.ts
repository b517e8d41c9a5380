/**
 * The command line of the round-trip bench.
 *
 * @module
 */

import {
  choice,
  CommandLine,
  flag,
  type Option,
  seconds,
  text,
  whole,
} from "../../tools/command_line/command_line.ts";

/** What is to be measured. */
export interface RpcOptions {
  /** Over what; `ws-native` is the runtime's own WebSocket; `tls`, `wss` and `unix-mtls` are mutual TLS over TCP, with WebSocket within, and over Unix sockets. */
  readonly transport: "tcp" | "unix" | "ws" | "ws-native" | "memory" | "tls" | "wss" | "unix-mtls";
  /** Requests of the grid, the same with memory that is lent (`lendRequest`, `into`), or with lock arguments in and a small record out (`size` counts for nothing then), calls of a service, requests beside bulk on the same connection, or messages of a stream from the handler, to the handler, or both. */
  readonly mode: typeof MODES[number];
  /** On what the process runs that asks: `deno`, `node`, `bun`, what npx brings, or the path of a program. */
  readonly clientRuntime: string;
  /** The same of the process that answers. */
  readonly serverRuntime: string;
  /** Payload of each message, in bytes. */
  readonly size: number;
  /** Requests, or messages of the stream, in flight. */
  readonly inflight: number;
  /** How long to measure. */
  readonly seconds: number;
  /** How long both ends poll their sockets before they wait, in microseconds; 0: not at all. */
  readonly spinUs?: number;
  /** Whether to measure mode `single` too, in turns with this one, and give the ratio. */
  readonly paired: boolean;
  /** Whether to measure the same with calls counted, as `prometheus()` does it, in turns with the usual, and give the ratio. */
  readonly metrics: boolean;
  /** Whether to print one line of JSON. */
  readonly json: boolean;
}

const TRANSPORTS = ["tcp", "unix", "ws", "ws-native", "memory", "tls", "wss", "unix-mtls"] as const;
const MODES = [
  "single",
  "lent",
  "typed",
  "call",
  "beside-bulk",
  "stream-out",
  "stream-in",
  "stream-both",
  "bytes-out",
  "bytes-in",
  "bytes-byob",
] as const;

/** Which runtime a process of a bench runs on. */
export function runtime(about: string): Option<string> {
  const which = "deno, node, bun, what npx brings such as node@26.10.0, or the path of a program";
  return text(`${about}: ${which}`, "NAME", "deno");
}

const LINE = new CommandLine(
  "deno task bench:rpc",
  "Measures one kind of call between two processes, or over memory in one, beside a raw echo over " +
    "the same transport in the same run.",
  {
    transport: choice(
      "what it goes over; ws-native is the runtime's own WebSocket; tls, wss and unix-mtls are " +
        "mutual TLS",
      TRANSPORTS,
      "tcp",
    ),
    mode: choice(
      "what is called; lent: with memory that is lent; typed: lock arguments in and a small record " +
        "out; beside-bulk: while large requests fill the same connection; call: a service; " +
        "stream-…: messages; bytes-…: messages that are lent to their reader, or fill its buffer",
      MODES,
      "single",
    ),
    "client-runtime": runtime("what the process runs on that asks"),
    "server-runtime": runtime("what the process runs on that answers"),
    size: whole("payload of each message, in bytes", { from: 0, fallback: 64 }),
    inflight: whole("requests, or messages of the stream, in flight", { from: 1, fallback: 64 }),
    seconds: seconds("how long to measure", 3),
    spin: whole("how long both ends poll their sockets before they wait, in microseconds", {
      from: 0,
      fallback: 0,
    }),
    paired: flag("measure mode single too, in turns with this one, and print the ratio"),
    metrics: flag(
      "measure with calls counted as well, in turns with the usual, and print the ratio",
    ),
    json: flag("print one line of JSON"),
  },
);

/** What `--help` prints. */
export const USAGE: string = LINE.usage;

/** What is measured over a transport unless anything else is said. */
export function defaultRpcOptions(transport: RpcOptions["transport"]): RpcOptions {
  return {
    transport,
    mode: "single",
    clientRuntime: "deno",
    serverRuntime: "deno",
    size: 64,
    inflight: 64,
    seconds: 3,
    spinUs: 0,
    paired: false,
    metrics: false,
    json: false,
  };
}

/**
 * Reads the command line.
 *
 * @throws {UsageError} If something in it is not understood.
 */
export function parseRpcOptions(args: readonly string[]): RpcOptions | "help" {
  const values = LINE.parse(args);
  if (values === "help") return values;
  const {
    spin: spinUs,
    "client-runtime": clientRuntime,
    "server-runtime": serverRuntime,
    ...options
  } = values;
  return { ...options, spinUs, clientRuntime, serverRuntime };
}
