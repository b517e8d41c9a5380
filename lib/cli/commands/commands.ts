/**
 * All commands.
 *
 * @module
 */

import type { Command } from "../arguments/command.ts";
import { benchCommand } from "./bench.ts";
import { breakingCommand } from "./breaking.ts";
import { callCommand } from "./call.ts";
import { callsCommand } from "./calls.ts";
import { certsCommand } from "./certs.ts";
import { completionCommand } from "./completion.ts";
import { describeCommand } from "./describe.ts";
import { drainCommand } from "./drain.ts";
import { healthCommand } from "./health.ts";
import { hostsCommand } from "./hosts.ts";
import { logLevelCommand } from "./log_level.ts";
import { pingCommand } from "./ping.ts";
import { topCommand } from "./top.ts";
import { traceCommand } from "./trace.ts";
import { webCommand } from "./web.ts";

/** All commands, in the order in which the help lists them. */
export const commands: readonly Command[] = [
  topCommand,
  webCommand,
  callsCommand,
  traceCommand,
  describeCommand,
  callCommand,
  pingCommand,
  healthCommand,
  benchCommand,
  certsCommand,
  breakingCommand,
  hostsCommand,
  logLevelCommand,
  drainCommand,
  completionCommand(() => commands),
];
