/**
 * The C library on Deno.
 *
 * @module
 */

import type { Libc } from "../platform/libc.ts";

const SYMBOLS = {
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  poll: { parameters: ["buffer", "usize", "i32"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  fstat: { parameters: ["i32", "buffer"], result: "i32", optional: true },
} as const;

/** Where the library is; the full paths are for a permission that names one. */
function pathsIn({ os, arch }: typeof Deno.build): readonly string[] {
  if (os === "darwin") return ["/usr/lib/libSystem.B.dylib"];
  if (os !== "linux") return [];
  return [
    "libc.so.6",
    `/lib/${arch}-linux-gnu/libc.so.6`,
    `/usr/lib/${arch}-linux-gnu/libc.so.6`,
    "/lib64/libc.so.6",
    "/usr/lib64/libc.so.6",
  ];
}

let library: Deno.DynamicLibrary<typeof SYMBOLS> | null = null;
let users = 0;

/** See `LibcLoader`. */
export function acquireLibc(): Libc | null {
  library ??= open();
  if (library === null) return null;
  users++;
  return library.symbols;
}

/** See `LibcLoader`. */
export function releaseLibc(): void {
  if (--users > 0) return;
  library?.close();
  library = null;
}

function open(): Deno.DynamicLibrary<typeof SYMBOLS> | null {
  for (const path of pathsIn(Deno.build)) {
    if (Deno.permissions.querySync({ name: "ffi", path }).state !== "granted") continue;
    try {
      return Deno.dlopen(path, SYMBOLS);
    } catch {
      // It is elsewhere, or too old to have them all.
    }
  }
  return null;
}
