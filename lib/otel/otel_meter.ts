/**
 * A meter that counts with OpenTelemetry's API.
 *
 * @module
 */

import {
  type Attributes,
  type BatchObservableResult,
  type Histogram,
  type Meter as ApiMeter,
  metrics,
  type Observable,
} from "@opentelemetry/api";
import { optionsOf, text } from "../foreign/option_checks.ts";
import type {
  CallMeter,
  Measurement,
  Meter,
  MeteredCalls,
  MeteredFace,
  MeteredOutcome,
} from "../rpc/contract/meter.ts";
import { OTHER } from "../rpc/metering/face_figures.ts";
import {
  OTHER_METHOD,
  splitAddress,
  statusAttributes,
  SYSTEM_NAME,
} from "../rpc/tracing/span_attributes.ts";

/** Options of {@linkcode otelMeter}. */
export interface OtelMeterOptions {
  /** What metrics name as their instrumentation. Default: `"@internode/grid"`. */
  readonly name?: string | undefined;
  /** The version that goes with `name`. Default: none. */
  readonly version?: string | undefined;
}

/** The bounds of the buckets that the conventions recommend, in seconds. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/**
 * Gives figures to OpenTelemetry, by its conventions for remote procedure calls
 * (https://opentelemetry.io/docs/specs/semconv/rpc/rpc-metrics/), as they are
 * stable since version 1.45.0:
 *
 * - `rpc.client.call.duration` and `rpc.server.call.duration`, histograms in
 *   seconds, with `rpc.system.name` (`"internode"`), `rpc.method` (the handler,
 *   `"_OTHER"` if nobody has it), `rpc.status_code` (`"OK"`, an error's code, or
 *   `"Aborted"`), `error.type` (the same, of calls that failed), and for calls
 *   made `server.address` and `server.port`. A client of a service counts each
 *   attempt, with its replica. The conventions recommend buckets from 5 ms to
 *   10 s; for quicker calls give your SDK a view with others.
 * - `internode.…`: the further figures that docs/observing.md lists, with dots
 *   for underscores and without units and `_total`, with `internode.face`,
 *   `internode.name` and their labels as attributes. They are read when your SDK
 *   collects.
 *
 * Under `OTEL_DENO=true` Deno exports them by itself; with any other SDK they go
 * wherever its globally registered provider sends them. With neither, nothing is
 * recorded. An SDK records each call when it ends, with its attributes; where that
 * costs you too much, use `prometheus` of `./operations`, which only counts and is
 * read when somebody asks.
 *
 * @param options The instrumentation's name and version.
 * @returns The meter, for the option `meter` of a `Manager`, of `connect` and of `serve`; one may serve all of them.
 *
 * @example
 * ```ts
 * import { Manager } from "@internode/grid";
 * import { otelMeter } from "@internode/grid/otel";
 *
 * const local = "memory://otel-metered";
 * await using grid = new Manager({ local, hosts: [local], meter: otelMeter() });
 * await grid.listen();
 * ```
 */
export function otelMeter(options: OtelMeterOptions = {}): Meter {
  const { name = "@internode/grid", version } = optionsOf("otelMeter", options);
  if (version !== undefined) text("version", version);
  return new OtelMeter(metrics.getMeter(text("name", name), version));
}

/** A node, client or server whose figures are read. */
interface WatchedFace {
  readonly read: () => readonly Measurement[];
  readonly attributes: Attributes;
}

class OtelMeter implements Meter {
  readonly #meter: ApiMeter;
  readonly #durations: Readonly<Record<MeteredCalls["side"], Histogram>>;
  readonly #faces = new Set<WatchedFace>();
  #observables: ReadonlyMap<string, Observable> | null = null;

  constructor(meter: ApiMeter) {
    this.#meter = meter;
    const duration = (side: string, what: string): Histogram =>
      meter.createHistogram(`rpc.${side}.call.duration`, {
        unit: "s",
        description: `Measures the duration of an ${what} Remote Procedure Call (RPC).`,
        advice: { explicitBucketBoundaries: BOUNDS },
      });
    this.#durations = {
      client: duration("client", "outgoing"),
      server: duration("server", "incoming"),
    };
  }

  /** See {@linkcode Meter}. */
  meterCalls(calls: MeteredCalls): CallMeter {
    return new OtelCallMeter(this.#durations[calls.side], calls);
  }

  /** See {@linkcode Meter}. */
  watch(read: () => readonly Measurement[], { kind, name }: MeteredFace): () => void {
    const face = { read, attributes: { "internode.face": kind, "internode.name": name } };
    this.#faces.add(face);
    this.#observables ??= this.#observe(read());
    return () => this.#faces.delete(face);
  }

  /** All faces have the same measurements, though not values for each. */
  #observe(all: readonly Measurement[]): ReadonlyMap<string, Observable> {
    const meter = this.#meter;
    const observables = new Map(all.map(({ name, kind, unit, description }) => {
      const options = { unit, description };
      const observable = kind === "counter"
        ? meter.createObservableCounter(name, options)
        : meter.createObservableGauge(name, options);
      return [name, observable];
    }));
    meter.addBatchObservableCallback((result) => this.#read(result), [...observables.values()]);
    return observables;
  }

  #read(result: BatchObservableResult): void {
    for (const { read, attributes } of this.#faces) {
      for (const { name, points } of read()) {
        const observable = this.#observables?.get(name);
        if (observable === undefined) continue;
        for (const { value, attributes: own } of points) {
          result.observe(observable, value, { ...attributes, ...named(own) });
        }
      }
    }
  }
}

class OtelCallMeter implements CallMeter {
  readonly #duration: Histogram;
  readonly #attributes: Attributes;
  /** By outcome, as there are few. */
  readonly #byOutcome = new Map<MeteredOutcome, Attributes>();

  constructor(duration: Histogram, { side, handler, host }: MeteredCalls) {
    this.#duration = duration;
    this.#attributes = {
      "rpc.system.name": SYSTEM_NAME,
      "rpc.method": handler === OTHER ? OTHER_METHOD : handler,
      ...side === "client" && host !== "" && host !== OTHER && serverOf(host),
    };
  }

  /** See {@linkcode CallMeter}. */
  record(durationMs: number, outcome: MeteredOutcome): void {
    this.#duration.record(durationMs / 1_000, this.#byOutcome.get(outcome) ?? this.#of(outcome));
  }

  #of(outcome: MeteredOutcome): Attributes {
    const attributes = {
      ...this.#attributes,
      ...statusAttributes(outcome),
      ...outcome !== null && { "error.type": outcome },
    };
    this.#byOutcome.set(outcome, attributes);
    return attributes;
  }
}

function serverOf(host: string): Attributes {
  const { address, port } = splitAddress(host.replace(/#\d+$/, ""));
  return { "server.address": address, ...port !== undefined && { "server.port": port } };
}

/** Handlers are methods there; all else is this library's own. */
function named(attributes: Readonly<Record<string, string>>): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([key, value]) =>
      key === "handler" ? ["rpc.method", value] : [`internode.${key}`, value]
    ),
  );
}
