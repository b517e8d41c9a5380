/**
 * The operating system that the process runs on.
 *
 * @module
 */

import { platform } from "node:process";

/** Whether this is macOS. */
export const IS_MACOS: boolean = platform === "darwin";
/** Whether this is Windows. */
export const IS_WINDOWS: boolean = platform === "win32";
