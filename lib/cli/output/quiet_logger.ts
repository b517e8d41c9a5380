/**
 * What a tool hears of its own connections.
 *
 * @module
 */

import type { Logger } from "../../rpc/contract/logger.ts";

const ignore = (): void => {};

/** Drops all lines: what goes wrong with a host is told in its row. */
export const quietLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
