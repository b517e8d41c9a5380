/**
 * The command line of the round-trip bench.
 *
 * @module
 */

/** What is to be measured. */
export interface RpcOptions {
  /** Over what; `ws-native` is the runtime's own WebSocket; `tls`, `wss` and `unix-mtls` are mutual TLS over TCP, with WebSocket within, and over Unix sockets. */
  readonly transport: "tcp" | "unix" | "ws" | "ws-native" | "memory" | "tls" | "wss" | "unix-mtls";
  /** Requests of the grid, the same with memory that is lent (`lendRequest`, `into`), or with lock arguments in and a small record out (`size` counts for nothing then), calls of a service, requests beside bulk on the same connection, or messages of a stream from the handler, to the handler, or both. */
  readonly mode: typeof MODES[number];
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
] as const;

const FLAGS = ["--json", "--paired"];

/** Reads `--transport tcp --mode single --size 64 --inflight 64 --seconds 3 --spin 0 --json`, the values shown being the defaults but for `--json`; `--paired` beside them. */
export function parseRpcOptions(args: readonly string[]): RpcOptions {
  const given = new Map<string, string>();
  for (let i = 0; i < args.length; i++) {
    const name = args[i]!;
    if (FLAGS.includes(name)) given.set(name, "");
    else given.set(name, args[++i] ?? "");
  }
  const take = (name: string, fallback: string): string => {
    const value = given.get(name) ?? fallback;
    given.delete(name);
    return value;
  };
  const options: RpcOptions = {
    transport: oneOf(take("--transport", "tcp"), TRANSPORTS),
    mode: oneOf(take("--mode", "single"), MODES),
    size: number(take("--size", "64")),
    inflight: number(take("--inflight", "64")),
    seconds: number(take("--seconds", "3")),
    spinUs: number(take("--spin", "0")),
    paired: take("--paired", "no") === "",
    json: take("--json", "no") === "",
  };
  const unknown = [...given.keys()][0];
  if (unknown !== undefined) throw new Error(`${unknown} is no option of this bench`);
  return options;
}

function oneOf<T extends string>(value: string, all: readonly T[]): T {
  const found = all.find((each) => each === value);
  if (found === undefined) throw new Error(`${JSON.stringify(value)} is none of ${all.join(", ")}`);
  return found;
}

function number(text: string): number {
  const value = Number(text);
  if (text === "" || !(value >= 0)) throw new Error(`${JSON.stringify(text)} is no number`);
  return value;
}
