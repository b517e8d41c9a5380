/**
 * Numbers as people read them.
 *
 * @module
 */

/** What stands for what is not known. */
export const NOTHING = "–";

/** A count or a rate: `0.4`, `12`, `3.1k`. */
export function amount(value: number | null): string {
  if (value === null) return NOTHING;
  if (value === 0) return "0";
  if (value < 9.95) return value.toFixed(1);
  if (value < 9_950) {
    return value < 999.5 ? value.toFixed(0) : `${(value / 1_000).toFixed(1)}k`;
  }
  if (value < 999_500) return `${(value / 1_000).toFixed(0)}k`;
  return `${(value / 1_000_000).toFixed(1)}M`;
}

/** A time: `0.21 ms`, `14 ms`, `3.2 s`, `4 min`; below 0 for what is beyond what is measured. */
export function time(ms: number | null): string {
  if (ms === null) return NOTHING;
  if (ms < 0) return "beyond";
  if (ms === 0) return "0 ms";
  if (ms < 0.995) return `${ms.toFixed(2)} ms`;
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${ms.toFixed(0)} ms`;
  if (ms < 99_500) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 5_400_000) return `${(ms / 60_000).toFixed(0)} min`;
  if (ms < 172_800_000) return `${(ms / 3_600_000).toFixed(1)} h`;
  return `${(ms / 86_400_000).toFixed(0)} days`;
}

/** Bytes: `640 B`, `1.2 MB`. */
export function bytes(value: number): string {
  if (value < 999.5) return `${value.toFixed(0)} B`;
  if (value < 999_500) {
    return `${(value / 1_000).toFixed(value < 99_950 ? 1 : 0)} kB`;
  }
  if (value < 999_500_000) {
    return `${(value / 1_000_000).toFixed(value < 99_950_000 ? 1 : 0)} MB`;
  }
  return `${(value / 1_000_000_000).toFixed(1)} GB`;
}

/** The time of the day. */
export function clockTime(ms: number): string {
  const date = new Date(ms),
    two = (value: number): string => String(value).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${
    String(date.getMilliseconds()).padStart(3, "0")
  }`;
}

/** A name without the scheme of its URL. */
export function plainName(id: string): string {
  return id.replace(/^[a-z]+:\/\/+(?=.)/, "");
}

/** Short names of nodes: without what all of them have. */
export function shortNames(ids: readonly string[]): ReadonlyMap<string, string> {
  const plain = ids.map((id) => [id, plainName(id)] as const);
  const hosts = new Set(plain.flatMap(([, name]) => /^(.*):\d+$/.exec(name)?.[1] ?? []));
  return new Map(plain.map(([id, name]) => {
    if (name.includes("/")) {
      return [id, name.slice(name.lastIndexOf("/") + 1) || name];
    }
    const port = /:\d+$/.exec(name)?.[0];
    return [id, port !== undefined && hosts.size === 1 ? port : name];
  }));
}
