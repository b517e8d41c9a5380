/**
 * What can be asked of the example on its command line.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { UsageError } from "../lock_service/options.ts";

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
  /** Print the summary as one line of JSON. */
  readonly json: boolean;
}

/** How to call the example. */
export const USAGE: string = `deno task cache [options]

  --etcd URL[,URL]   list the replicas in this etcd
  --etcd start       list them in an etcd that is started for this run
  --file             list them in a file; without any of these: start an etcd
                     if it is installed, else the file
  --replicas N       how many (3; 2 to 16)
  --seconds S        how long (10); never shorter than two rounds of restarts
  --rate N           how many requests a second (2000)
  --transport NAME   unix or tcp (unix)
  --json             print the summary as one line of JSON
  --help             this text

Ends with status 0 if no call failed, 1 if one did, 2 for a wrong option.`;

/**
 * Reads the command line.
 *
 * @returns The options, or `"help"`.
 * @throws {UsageError} For an unknown option or a value that makes no sense.
 */
export function parseOptions(args: string[]): CacheOptions | "help" {
  const values = parse(args);
  if (values.help) return "help";
  const { transport, etcd, file, json } = values;
  if (transport !== "unix" && transport !== "tcp") {
    throw new UsageError(`--transport must be unix or tcp, not ${JSON.stringify(transport)}.`);
  }
  if (file && etcd !== undefined) throw new UsageError("--etcd and --file exclude each other.");
  return {
    replicas: wholeNumber("replicas", values.replicas, 2, 16),
    seconds: wholeNumber("seconds", values.seconds, 1, 86_400),
    rate: wholeNumber("rate", values.rate, 1, 100_000),
    transport,
    list: file ? "file" : etcd === undefined ? "auto" : etcdOf(etcd),
    json,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        etcd: { type: "string" },
        file: { type: "boolean", default: false },
        replicas: { type: "string", default: "3" },
        seconds: { type: "string", default: "10" },
        rate: { type: "string", default: "2000" },
        transport: { type: "string", default: "unix" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function etcdOf(text: string): "start" | string[] {
  if (text === "start") return text;
  const urls = text.split(",");
  const wrong = urls.find((url) => !/^https?:$/.test(URL.parse(url)?.protocol ?? ""));
  if (wrong === undefined) return urls;
  throw new UsageError(`--etcd takes "start" or URLs, and ${JSON.stringify(wrong)} is neither.`);
}

function wholeNumber(name: string, text: string, from: number, to: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= from && value <= to) return value;
  throw new UsageError(
    `--${name} must be a whole number from ${from} to ${to}, not ${JSON.stringify(text)}.`,
  );
}
