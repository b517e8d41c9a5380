/**
 * What idle connections, open streams and many requests hold of memory:
 * `deno task bench:memory`. Ends with status 1 when a target is missed.
 *
 * @module
 */

import { CommandLine, flag, readLine } from "../../tools/command_line/command_line.ts";
import { measureConnections } from "./connections.ts";
import type { MemoryFigure } from "./figure.ts";
import { measureRequests } from "./requests.ts";
import { measureStreams } from "./streams.ts";

/**
 * Measures everything; takes about half a minute.
 *
 * @param isLong Whether to make ten million requests, too.
 */
export async function measureMemory(isLong: boolean): Promise<MemoryFigure[]> {
  return [
    ...await measureConnections(),
    ...await measureStreams(),
    ...await measureRequests(isLong),
  ];
}

function kibibytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(2)} KiB`;
}

if (import.meta.main) {
  const { long, json } = readLine(
    new CommandLine(
      "deno task bench:memory",
      "What idle connections, open streams and many requests hold of memory.",
      {
        long: flag("make ten million requests, too"),
        json: flag("print one line of JSON"),
      },
      "Ends with status 1 if a target is missed.",
    ),
  );
  const figures = await measureMemory(long);
  if (json) {
    console.log(JSON.stringify(figures));
  } else {
    console.table(figures.map(({ name, side, bytes, targetBytes, holds }) => ({
      what: `${name}: ${side}`,
      measured: kibibytes(bytes),
      "at most": targetBytes === null ? "" : kibibytes(targetBytes),
      holds: targetBytes === null ? "" : holds ? "yes" : "NO",
    })));
  }
  if (figures.some(({ holds }) => !holds)) Deno.exitCode = 1;
}
