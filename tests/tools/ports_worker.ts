/** A thread that asks for ports again and again, and lets each go at once. @module */

/// <reference lib="deno.worker" />

import { freePorts } from "../../tools/network/free_ports.ts";

self.postMessage(Array.from({ length: 20 }, () => freePorts(20)).flat());
