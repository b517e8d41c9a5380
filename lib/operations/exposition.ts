/**
 * The text formats that Prometheus reads.
 *
 * @module
 */

/** The labels of a sample, in their order. */
export type Labels = Readonly<Record<string, string>>;

/** A histogram's value. */
export interface HistogramValue {
  /** The upper bounds of the buckets, in rising order. */
  readonly bounds: readonly number[];
  /** How many fell into each, and behind them those beyond the last. */
  readonly counts: readonly number[];
  /** The sum of all. */
  readonly sum: number;
}

/** Which format: that of Prometheus, version 0.0.4, or OpenMetrics, version 1.0.0. */
export type ExpositionFormat = "prometheus" | "openmetrics";

/** What they are called in HTTP. */
export const CONTENT_TYPES: Readonly<Record<ExpositionFormat, string>> = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** All samples of one name. */
interface Family {
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly lines: string[];
}

/** Gathers samples by their families, which must not be interrupted, and writes them. */
export class Exposition {
  readonly #families = new Map<string, Family>();

  /** Adds a counter; its name without `_total`. */
  counter(name: string, help: string, labels: Labels, value: number): void {
    this.#add(name, "counter", help, [`${name}_total${labelText(labels)} ${numberText(value)}`]);
  }

  /** Adds a gauge. */
  gauge(name: string, help: string, labels: Labels, value: number): void {
    this.#add(name, "gauge", help, [`${name}${labelText(labels)} ${numberText(value)}`]);
  }

  /** Adds a histogram. */
  histogram(
    name: string,
    help: string,
    labels: Labels,
    { bounds, counts, sum }: HistogramValue,
  ): void {
    let total = 0;
    const lines = counts.map((count, at) => {
      total += count;
      const le = numberText(bounds[at] ?? Infinity);
      return `${name}_bucket${labelText({ ...labels, le })} ${total}`;
    });
    lines.push(`${name}_sum${labelText(labels)} ${numberText(sum)}`);
    lines.push(`${name}_count${labelText(labels)} ${total}`);
    this.#add(name, "histogram", help, lines);
  }

  #add(name: string, type: Family["type"], help: string, lines: readonly string[]): void {
    let family = this.#families.get(name);
    if (family === undefined) {
      this.#families.set(name, family = { type, help, lines: [] });
    }
    for (const line of lines) family.lines.push(line);
  }

  /** All of it. */
  text(format: ExpositionFormat): string {
    const parts: string[] = [];
    for (const [name, { type, help, lines }] of this.#families) {
      // OpenMetrics names the family, the older format the samples.
      const shown = type === "counter" && format === "prometheus" ? `${name}_total` : name;
      parts.push(`# HELP ${shown} ${escaped(help, format)}`, `# TYPE ${shown} ${type}`, ...lines);
    }
    if (format === "openmetrics") parts.push("# EOF");
    return parts.length === 0 ? "" : `${parts.join("\n")}\n`;
  }
}

function labelText(labels: Labels): string {
  const entries = Object.entries(labels).map(([name, value]) => `${name}="${labelValue(value)}"`);
  return entries.length === 0 ? "" : `{${entries.join(",")}}`;
}

/** Names may come from outside, and half a character is no UTF-8. */
function labelValue(value: string): string {
  return value.toWellFormed().replace(/[\\\n"]/g, (found) => found === "\n" ? "\\n" : `\\${found}`);
}

function escaped(help: string, format: ExpositionFormat): string {
  const escapes = format === "openmetrics" ? /[\\\n"]/g : /[\\\n]/g;
  return help.replace(escapes, (found) => found === "\n" ? "\\n" : `\\${found}`);
}

function numberText(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}
