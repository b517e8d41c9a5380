/**
 * Where a source file stands in the house, and who may import whom.
 *
 * @module
 */

/** The rooms of `lib/`, each of which may import from itself and from those before it. */
export const ROOMS: readonly string[] = [
  "errors",
  "foreign",
  "wire",
  "codec",
  "session",
  "runtime",
  "transport",
  "driver",
  "rpc",
  "discovery",
  "reflection",
  "grid",
  "call",
  "patterns",
  "auth",
  "otel",
  "operations",
  "admin",
  "testing",
  "cli",
];

const PURE_ROOMS = new Set(["errors", "foreign", "wire", "codec", "session"]);
const EDGE_ROOMS = new Set(["runtime", "transport", "driver", "discovery"]);

/** Rooms that know nothing of each other, though one stands before the other. */
export const APART: readonly (readonly [string, string])[] = [["grid", "call"], [
  "otel",
  "testing",
]];

/** Rooms that are built on the public API as programs of users are, each with what it may take beside that, as the beginnings of paths. */
export const PUBLIC_ONLY: Readonly<Record<string, readonly string[]>> = {
  patterns: [
    "lib/errors.ts",
    "lib/foreign/",
    "lib/runtime/",
    "lib/rpc/connecting/back_off.ts",
    "lib/wire/fifo.ts",
    // What many nodes get is garbage outside of the heap.
    "lib/wire/payload_memory.ts",
    // Users' loggers are guarded in one way.
    "lib/rpc/contract/logger.ts",
    "lib/discovery/etcd/etcd_claims.ts",
  ],
};

/**
 * - `pure`: bytes and `now` come in, bytes, events and the next deadline go out
 * - `edge`: the only ones that touch the runtime
 * - `injected`: all the others, which get their time and chance from outside
 */
export type RoomKind = "pure" | "edge" | "injected";

/** The kind of a room of `lib/`. */
export function roomKind(room: string): RoomKind {
  if (PURE_ROOMS.has(room)) return "pure";
  return EDGE_ROOMS.has(room) ? "edge" : "injected";
}

/** The repository's root, with forward slashes and one at its end. */
const ROOT = decodeURIComponent(new URL("../../", import.meta.url).pathname);

/**
 * A file's path from the repository's root on, with forward slashes.
 *
 * @param filename An absolute path, or a path from the root already.
 */
export function repoPath(filename: string): string {
  const path = filename.replaceAll("\\", "/");
  const start = path.startsWith("file://") ? decodeURIComponent(new URL(path).pathname) : path;
  const at = start.indexOf(ROOT);
  if (at !== -1) return start.slice(at + ROOT.length);
  return start.replace(/^\.?\//, "");
}

/** The room of `lib/` that a path from the root lies in, if any: `lib/wire/frame.ts` is in `wire`. */
export function roomOf(path: string): string | undefined {
  return /^lib\/([^/.]+)/.exec(path)?.[1];
}

/** The path from the root that a relative import means. */
export function resolveImport(from: string, specifier: string): string {
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}
