/**
 * The nodes, reached over the grid.
 *
 * @module
 */

import type { Connection, Manager, SingleContract } from "@internode/grid";
import type { CallLog } from "./call_log.ts";
import * as contracts from "./contracts.ts";
import type { LockTable } from "../lock/lock_table.ts";
import type { Peer } from "../lock/peer.ts";
import type { RegisterReplica } from "../register/register_replica.ts";

/** Each call ends within this time, whatever becomes of the peer. */
const CALL_TIMEOUT_MS = 400;

/** Lets this node's table and replica answer the others. */
export function serve(grid: Manager, table: LockTable, replica: RegisterReplica): void {
  grid.handle(contracts.acquire, (request) => table.acquire(request));
  grid.handle(contracts.refresh, (request) => table.refresh(request));
  grid.handle(contracts.release, (request) => table.release(request));
  grid.handle(contracts.learn, () => table.teach());
  grid.handle(contracts.read, (request) => replica.read(request));
  grid.handle(contracts.write, (request) => replica.write(request));
}

/** Another node, reached over its connection. */
export function remotePeer(connection: Connection, calls: CallLog): Peer {
  const { host } = connection;
  const ask = <Request, Reply>(contract: SingleContract<Request, Reply>, request: Request) =>
    calls.run(
      contract.name,
      host,
      CALL_TIMEOUT_MS,
      () => connection.request(contract, request, { timeoutMs: CALL_TIMEOUT_MS }),
    );
  return {
    host,
    acquire: (request) => ask(contracts.acquire, request),
    refresh: (request) => ask(contracts.refresh, request),
    release: (request) => ask(contracts.release, request),
    learn: () => ask(contracts.learn, undefined),
    read: (request) => ask(contracts.read, request),
    write: (request) => ask(contracts.write, request),
  };
}

/** This node itself: it votes and stores like the others, without a connection. */
export function localPeer(host: string, table: LockTable, replica: RegisterReplica): Peer {
  return {
    host,
    acquire: (request) => Promise.resolve(table.acquire(request)),
    refresh: (request) => Promise.resolve(table.refresh(request)),
    release: (request) => Promise.resolve(table.release(request)),
    learn: () => Promise.resolve(table.teach()),
    read: (request) => Promise.resolve(replica.read(request)),
    write: (request) => Promise.resolve(replica.write(request)),
  };
}
