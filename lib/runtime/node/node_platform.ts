/**
 * Node, and Bun by its modules of the same names.
 *
 * @module
 */

import { lookUp } from "./node_dns.ts";
import { nodeFiles } from "./node_files.ts";
import { openHttp } from "./node_http.ts";
import { connectTcp, connectUnix, listenTcp, listenUnix } from "./node_net.ts";
import { nodeProcess } from "./node_modules.ts";
import { nodeTerminal } from "./node_terminal.ts";
import { nodeThreadStarter, startNodeThread } from "./node_threads.ts";
import type { Platform } from "../platform/platform.ts";

/** What Node's permissions of files are called. */
const SCOPES = { read: "fs.read", write: "fs.write" } as const;

/**
 * Makes what this library needs of Node or Bun.
 *
 * @returns The platform.
 */
export function nodePlatform(): Platform {
  const process = nodeProcess();
  const isBun = process.versions["bun"] !== undefined;
  return {
    connectTcp,
    connectUnix,
    listenTcp,
    listenUnix,
    sharingProblem: null,
    readerOf: (socket) => (into) => socket.read(into),
    startTls: null,
    isPermitted: (what, path) =>
      what === "net" || (process.permission?.has(SCOPES[what], path) ?? true),
    files: nodeFiles,
    lookUp,
    fetchOptions: (client) => (isBun ? { tls: client } : { dispatcher: client }) as object,
    openHttp: (caCerts, identity) => openHttp(caCerts, identity, isBun),
    env: (name) => process.env[name],
    terminal: nodeTerminal,
    startThread: startNodeThread,
    parentThread: nodeThreadStarter,
    nativeWebSocket: null,
    libc: null,
    runtime: isBun
      ? { name: "bun", version: process.versions["bun"]! }
      : { name: "node", version: process.versions.node },
    processId: process.pid,
    memory() {
      const { rss: residentBytes, heapUsed, heapTotal, external } = process.memoryUsage();
      return {
        residentBytes,
        heapUsedBytes: heapUsed,
        heapTotalBytes: heapTotal,
        externalBytes: external,
      };
    },
    readsBetweenImmediates: true,
    copiesEncrypted: false,
  };
}
