/**
 * The operating system that the process runs on.
 *
 * @module
 */

/** Where the runtimes tell it. */
interface Runtime {
  /** Deno's, asked first: with `process` it would load much of Node. */
  readonly Deno?: { readonly build?: { readonly os?: unknown } };
  /** What Node and Bun have. */
  readonly process?: { readonly platform?: unknown };
}

const runtime = globalThis as Runtime;
const name = runtime.Deno?.build?.os ?? runtime.process?.platform;

/** Whether this is macOS. */
export const IS_MACOS: boolean = name === "darwin";
/** Whether this is Windows. */
export const IS_WINDOWS: boolean = name === "windows" || name === "win32";
