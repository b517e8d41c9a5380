/**
 * Text and figures for pictures.
 *
 * @module
 */

/** Text as it may stand in HTML and SVG. */
export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** A count in a few characters: `950`, `12 k`, `1.8 M`. */
export function shortCount(value: number): string {
  if (value >= 999_500) return `${trimmed(value / 1e6)} M`;
  return value >= 1_000 ? `${trimmed(value / 1e3)} k` : trimmed(value);
}

/** A time in a few characters: `4.5 µs`, `120 µs`, `2.1 ms`. */
export function shortTime(us: number): string {
  if (us >= 999_500) return `${trimmed(us / 1e6)} s`;
  return us >= 1_000 ? `${trimmed(us / 1e3)} ms` : `${trimmed(us)} µs`;
}

/** A number of bytes: `64 B`, `4 KiB`. */
export function shortBytes(bytes: number): string {
  return bytes >= 1_024 ? `${trimmed(bytes / 1_024)} KiB` : `${bytes} B`;
}

/** Two digits that say something, but all those before the point. */
function trimmed(value: number): string {
  return value >= 10 ? value.toFixed(0) : String(Number(value.toPrecision(2)));
}

/** A coordinate: a tenth of a pixel is more than anybody sees. */
export function place(value: number): string {
  return String(Math.round(value * 10) / 10);
}
