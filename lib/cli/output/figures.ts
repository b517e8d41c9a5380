/**
 * Figures for people.
 *
 * @module
 */

const UNKNOWN = "-";
const STEPS: readonly (readonly [unit: string, ms: number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
];
/** From so many days on hours do not matter. */
const MANY_DAYS = 100;
const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** A time: `0.12ms`, `3.4ms`, `1.2s`, `5m03s`, `2h10m`, `12d3h`; `-` for what is not known. */
export function timeText(ms: number): string {
  if (Number.isNaN(ms)) return UNKNOWN;
  if (ms === Infinity) return "never";
  if (ms < 0) return `-${timeText(-ms)}`;
  if (ms < 1_000) {
    const digits = ms < 1 ? 2 : ms < 10 ? 1 : 0;
    if (Number(ms.toFixed(digits)) < 1_000) return `${ms.toFixed(digits)}ms`;
  }
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)}s`;
  const rounded = Math.round(ms / 1_000) * 1_000;
  const at = STEPS.findIndex(([, unitMs]) => rounded >= unitMs);
  const [unit, unitMs] = STEPS[at]!, [next, nextMs] = STEPS[at + 1]!;
  if (rounded >= MANY_DAYS * unitMs && unit === "d") return `${Math.round(rounded / unitMs)}d`;
  const rest = Math.floor((rounded % unitMs) / nextMs);
  const shownRest = next === "s"
    ? `${String(rest).padStart(2, "0")}s`
    : rest === 0
    ? ""
    : `${rest}${next}`;
  return `${Math.floor(rounded / unitMs)}${unit}${shownRest}`;
}

/** A number of bytes: `12B`, `3.4KiB`, `120MiB`. */
export function bytesText(bytes: number): string {
  if (!Number.isFinite(bytes)) return UNKNOWN;
  let value = bytes, at = 0;
  while (value >= 999.5 && at < BYTE_UNITS.length - 1) {
    value /= 1_024;
    at++;
  }
  return `${at === 0 || value >= 9.95 ? Math.round(value) : value.toFixed(1)}${BYTE_UNITS[at]}`;
}

/** A count, or a rate: `0`, `0.3`, `12`, `1,234`. */
export function countText(count: number): string {
  if (Number.isNaN(count)) return UNKNOWN;
  if (count === Infinity) return "none";
  if (count > 0 && count < 9.95 && !Number.isInteger(count)) {
    return count < 0.05 ? "<0.1" : count.toFixed(1);
  }
  return String(Math.round(count)).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** A moment: `2026-11-29 12:31:30Z`. */
export function dateText(ms: number): string {
  return Number.isFinite(ms) && Math.abs(ms) < 8.64e15
    ? new Date(ms).toISOString().replace("T", " ").replace(/\.\d+Z$/, "Z")
    : UNKNOWN;
}

/** The time of day of a moment: `12:31:30.123`. */
export function clockText(ms: number): string {
  return Number.isFinite(ms) && Math.abs(ms) < 8.64e15
    ? new Date(ms).toISOString().slice(11, 23)
    : UNKNOWN;
}
