/**
 * Figures for Prometheus.
 *
 * @module
 */

import { type Inspectable, inspectionOf } from "../rpc/inspection/inspectable.ts";
import type { Inspection } from "../rpc/inspection/inspection.ts";
import { measurementsOf } from "../rpc/inspection/measurements.ts";
import { presentFigures } from "../rpc/inspection/present_figures.ts";
import { BUCKET_BOUNDS_MS, type CallFigures } from "../rpc/metering/call_figures.ts";
import { CONTENT_TYPES, Exposition, type ExpositionFormat, type Labels } from "./exposition.ts";

/** The metrics of some nodes, clients and servers, made by {@linkcode prometheus}. */
export interface PrometheusMetrics {
  /**
   * Adds what was made later. One that has closed is left out by itself.
   *
   * @param faces A `Manager`, clients of `connect`, servers of `serve`.
   * @throws {InternodeError} `InvalidArgument` for anything else.
   */
  add(...faces: readonly Inspectable[]): void;
  /**
   * All metrics now, as text.
   *
   * @param format `"prometheus"` (version 0.0.4) or `"openmetrics"` (version 1.0.0). Default: `"prometheus"`.
   */
  text(format?: ExpositionFormat): string;
  /**
   * The answer to a request of Prometheus, in the format that it asks for.
   *
   * @param request What was asked; only its header `accept` counts. Default: none, for the older format.
   */
  respond(request?: Request): Response;
}

/**
 * Counts all calls of these nodes, clients and servers from now on, and gives
 * that and their further figures as text for Prometheus. Counting takes a few
 * nanoseconds a call, and no memory for each; without this (and without the
 * option `meter`) nothing is counted.
 *
 * Which metrics there are is listed in docs/observing.md. Names from outside
 * never make series without bound: calls are counted apart for at most 2,000
 * pairs of handler and host for each node, client or server and both directions
 * together, the others as `_other`; those of a host that has left are given up
 * after ten minutes.
 *
 * @param faces A `Manager`, clients of `connect`, servers of `serve`.
 * @returns The metrics, to be served at `/metrics`.
 * @throws {InternodeError} `InvalidArgument` for anything else.
 *
 * @example
 * ```ts
 * import { Manager, single } from "@internode/grid";
 * import { prometheus } from "@internode/grid/operations";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const echo = single("echo");
 * const local = "memory://counted";
 * await using grid = new Manager({ local, hosts: [local] });
 * const metrics = prometheus(grid);
 * grid.handle(echo, (bytes) => bytes);
 * await grid.listen();
 * await grid.connection(local).request(echo, new Uint8Array(1), { waitForReady: true });
 * assertStringIncludes(metrics.text(), 'handler="echo",kind="single",host="memory://counted",code="OK"} 1');
 * // Deno.serve({ port: 9100 }, (request) => metrics.respond(request));
 * ```
 */
export function prometheus(...faces: readonly Inspectable[]): PrometheusMetrics {
  const metrics = new Metrics();
  metrics.add(...faces);
  return metrics;
}

class Metrics implements PrometheusMetrics {
  /** In the order in which they were added. */
  readonly #faces = new Set<Inspection>();

  add(...faces: readonly Inspectable[]): void {
    const inspections = faces.map((face) => inspectionOf(face));
    for (const inspection of inspections) {
      this.#faces.add(inspection);
      inspection.figures.begin();
      // It is measured from the first question on.
      inspection.loopDelay();
    }
  }

  text(format: ExpositionFormat = "prometheus"): string {
    const exposition = new Exposition(), names = new Map<string, number>();
    for (const face of this.#faces) {
      if (face.phase === "closed") {
        this.#faces.delete(face);
        continue;
      }
      write(exposition, face, { face: face.kind, name: uniqueName(names, face) });
    }
    return exposition.text(format);
  }

  respond(request?: Request): Response {
    const accepted = request?.headers.get("accept") ?? "";
    const format = accepted.includes("application/openmetrics-text") ? "openmetrics" : "prometheus";
    const headers = { "content-type": CONTENT_TYPES[format], "cache-control": "no-store" };
    return new Response(this.text(format), { headers });
  }
}

/** Several clients may have one name: from the second on with its number. */
function uniqueName(names: Map<string, number>, { kind, name }: Inspection): string {
  const key = `${kind} ${name}`, count = (names.get(key) ?? 0) + 1;
  names.set(key, count);
  return count === 1 ? name : `${name}#${count}`;
}

function write(exposition: Exposition, face: Inspection, labels: Labels): void {
  for (const figures of presentFigures(face)) writeCalls(exposition, figures, labels);
  for (const { name, kind, unit, description, points } of measurementsOf(face)) {
    const shown = prometheusName(name, unit);
    for (const { value, attributes } of points) {
      exposition[kind](shown, description, { ...labels, ...attributes }, value);
    }
  }
}

const HELP = {
  client: {
    calls: "Calls made, by how they ended; each attempt of a client of a service.",
    duration: "How long calls made took; each attempt of a client of a service.",
  },
  server: {
    calls: "Calls served, by how they ended.",
    duration: "How long calls served took, from their arrival to their answer.",
  },
};

const BOUNDS = BUCKET_BOUNDS_MS.map((ms) => Number((ms / 1_000).toPrecision(12)));

function writeCalls(exposition: Exposition, figures: CallFigures, face: Labels): void {
  const { calls: { side, handler, kind, host }, buckets, totalMs, total, failed } = figures;
  const labels = { ...face, handler, kind, host }, help = HELP[side];
  let succeeded = total;
  for (const count of failed.values()) succeeded -= count;
  for (const [code, count] of [["OK", succeeded] as const, ...failed]) {
    exposition.counter(`internode_${side}_calls`, help.calls, { ...labels, code }, count);
  }
  exposition.histogram(`internode_${side}_call_duration_seconds`, help.duration, labels, {
    bounds: BOUNDS,
    counts: buckets,
    sum: totalMs / 1_000,
  });
}

const SUFFIXES: Readonly<Record<string, string>> = { s: "_seconds", By: "_bytes" };

/** By the conventions of Prometheus: words with underscores, the unit at the end. */
function prometheusName(name: string, unit: string): string {
  return `${name.replaceAll(".", "_")}${SUFFIXES[unit] ?? ""}`;
}
