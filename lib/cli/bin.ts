#!/usr/bin/env node
/**
 * The command line as npm installs it: the program `internode`.
 *
 * @module
 */

import { thisPlatform } from "../runtime/this_platform.ts";
import { runCommandLine } from "./mod.ts";

thisPlatform().terminal().exit(await runCommandLine());
