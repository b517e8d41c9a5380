/**
 * Looking up permissions, so that tests without them mark themselves ignored.
 *
 * @module
 */

import process from "node:process";

/** The runtime that the tests run on: `tests/runtimes/` stands in for Deno elsewhere. */
export const RUNTIME: "deno" | "node" | "bun" = "Bun" in globalThis
  ? "bun"
  : (Deno as Partial<typeof Deno>).version === undefined
  ? "node"
  : "deno";

/** Whether a TLS listener sees the certificates between a client's own and its authority: that of Node 24 does not. */
export const SEES_CHAINS = RUNTIME !== "node" || Number.parseInt(process.versions.node) >= 26;

/** Which versions of X.509 before 3 can be read at all: Bun reads none with extensions. */
export const OLD_X509: readonly (1 | 2)[] = RUNTIME === "bun" ? [] : [1, 2];

/** Whether sockets on this machine are allowed. */
export const NET = granted({ name: "net" });

/** Whether temporary files, and sockets among them, are allowed. */
export const FILES = granted({ name: "read" }) && granted({ name: "write" });

/** Whether other processes of Deno may be started. */
export const RUN = granted({ name: "run" });

/** Whether programs may be started that need nothing of Deno: those of the system, such as etcd, and ours on this runtime. */
export const PROGRAMS = RUN || RUNTIME !== "deno";

/** Whether libraries of the system may be called. */
export const FFI = granted({ name: "ffi" }) && Deno.build.os !== "windows";

function granted(descriptor: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(descriptor).state === "granted";
}
