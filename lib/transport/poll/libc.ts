/**
 * The few functions of the C library that a socket is polled by.
 *
 * @module
 */

import { IS_MACOS } from "../../runtime/operating_system.ts";

const SYMBOLS = {
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  poll: { parameters: ["buffer", "usize", "i32"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // A function of its own since glibc 2.33 only.
  fstat: { parameters: ["i32", "buffer"], result: "i32", optional: true },
} as const;

/** The C library's own functions; lengths and counts stay far below 2³¹ here, so none needs a big integer. */
export type Libc = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** `MSG_DONTWAIT`, and where there is one `MSG_NOSIGNAL`; elsewhere the runtime ignores that signal. */
export const WITHOUT_WAITING: number = IS_MACOS ? 0x80 : 0x40 | 0x4000;
/** `MSG_PEEK`. */
export const PEEKING = 0x2;

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

/**
 * Opens the library where that is already permitted; nobody is ever asked.
 * Each success is to be followed by one {@linkcode releaseLibc}.
 *
 * @returns Its functions; `null`: not permitted, or not on this system.
 */
export function acquireLibc(): Libc | null {
  library ??= open();
  if (library === null) return null;
  users++;
  return library.symbols;
}

/** Gives the library back; the last one closes it. */
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
