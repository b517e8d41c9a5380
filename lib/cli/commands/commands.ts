/**
 * All commands.
 *
 * @module
 */

import type { Command } from "../arguments/command.ts";
import { breakingCommand } from "./breaking.ts";
import { certsCommand } from "./certs.ts";
import { completionCommand } from "./completion.ts";
import { hostsCommand } from "./hosts.ts";

/** All commands, in the order in which the help lists them. */
export const commands: readonly Command[] = [
  certsCommand,
  hostsCommand,
  breakingCommand,
  completionCommand(() => commands),
];
