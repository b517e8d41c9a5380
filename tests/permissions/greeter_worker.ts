/**
 * The workers of a process with few permissions.
 *
 * @module
 */

import { serveWorker } from "@internode/grid/workers";
import { implement } from "@internode/grid/call";
import { Greeter } from "./contracts.ts";

await serveWorker({ handlers: implement(Greeter, { greet: (name) => `Hello, ${name}!` }) });
