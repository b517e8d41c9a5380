/**
 * Flags for reading and writing a socket without waiting.
 *
 * @module
 */

import { IS_MACOS } from "../../runtime/platform/operating_system.ts";

/** `MSG_DONTWAIT`, and where there is one `MSG_NOSIGNAL`; elsewhere the runtime ignores that signal. */
export const WITHOUT_WAITING: number = IS_MACOS ? 0x80 : 0x40 | 0x4000;
/** `MSG_PEEK`. */
export const PEEKING = 0x2;
