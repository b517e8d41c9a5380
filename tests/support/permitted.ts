/**
 * Looking up permissions, so that tests without them mark themselves ignored.
 *
 * @module
 */

/** Whether sockets on this machine are allowed. */
export const NET = granted({ name: "net" });

/** Whether temporary files, and sockets among them, are allowed. */
export const FILES = granted({ name: "read" }) && granted({ name: "write" });

/** Whether other processes may be started. */
export const RUN = granted({ name: "run" });

/** Whether libraries of the system may be called. */
export const FFI = granted({ name: "ffi" }) && Deno.build.os !== "windows";

function granted(descriptor: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(descriptor).state === "granted";
}
