/**
 * What can be asked of the example on its command line.
 *
 * @module
 */

import {
  choice,
  CommandLine,
  flag,
  text,
  UsageError,
  whole,
} from "../../tools/command_line/command_line.ts";

/** How to run the example. */
export interface CacheOptions {
  /** How many replicas, 2 to 16. */
  readonly replicas: number;
  /** For how long at least it is used. */
  readonly seconds: number;
  /** How many requests a second. */
  readonly rate: number;
  /** Over what the replicas are reached. */
  readonly transport: "unix" | "tcp";
  /** Where they are listed: the URLs of an etcd, one to be started, a file, or `"auto"`: an etcd to be started if it is installed, else a file. */
  readonly list: "auto" | "start" | "file" | readonly string[];
  /** Whether the live page is served. */
  readonly web: boolean;
  /** Print the summary as one line of JSON. */
  readonly json: boolean;
}

const LINE = new CommandLine(
  "deno task cache",
  "A cache whose replicas are all restarted while it is used.",
  {
    etcd: text(
      "list the replicas in this etcd; start: in one that is started for this run",
      "URL,…",
      undefined,
    ),
    file: flag(
      "list them in a file; without this and --etcd: an etcd is started if it is installed, else " +
        "the file",
    ),
    replicas: whole("how many", { from: 2, to: 16, fallback: 3 }),
    seconds: whole("how long, in seconds, but never shorter than two rounds of restarts", {
      from: 1,
      to: 86_400,
      fallback: 10,
    }),
    rate: whole("how many requests a second", { from: 1, to: 100_000, fallback: 2_000 }),
    transport: choice("what they are reached over", ["unix", "tcp"], "unix"),
    web: flag("serve the live page, and print its URL"),
    json: flag("print the summary as one line of JSON"),
  },
  "Ends with status 0 if no call failed, 1 if one did, 2 for a wrong option.",
);

/** How to call the example. */
export const USAGE: string = LINE.usage;

/**
 * Reads the command line.
 *
 * @returns The options, or `"help"`.
 * @throws {UsageError} For an unknown option or a value that makes no sense.
 */
export function parseOptions(args: readonly string[]): CacheOptions | "help" {
  const values = LINE.parse(args);
  if (values === "help") return values;
  const { etcd, file, ...options } = values;
  if (file && etcd !== undefined) throw new UsageError("--etcd and --file exclude each other.");
  return { ...options, list: file ? "file" : etcd === undefined ? "auto" : etcdOf(etcd) };
}

function etcdOf(text: string): "start" | string[] {
  if (text === "start") return text;
  const urls = text.split(",");
  const wrong = urls.find((url) => !/^https?:$/.test(URL.parse(url)?.protocol ?? ""));
  if (wrong === undefined) return urls;
  throw new UsageError(`--etcd takes "start" or URLs, and ${JSON.stringify(wrong)} is neither.`);
}
