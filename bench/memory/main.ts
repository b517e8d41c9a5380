/**
 * What idle connections, open streams and many requests hold of memory:
 * `deno task bench:memory [--json] [--long]`. Ends with status 1 when a target
 * is missed. With `--long` it makes ten million requests, too.
 *
 * @module
 */

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
  const figures = await measureMemory(Deno.args.includes("--long"));
  if (Deno.args.includes("--json")) {
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
