/**
 * A node as the lock and the register see it: what can be asked of it.
 *
 * @module
 */

/** Asks a voter for a lease. */
export interface AcquireRequest {
  /** What is locked. */
  key: string;
  /** Names this attempt to lock; no two attempts have the same. */
  uid: string;
  /** Alone, or together with other readers. */
  write: boolean;
}

/** A voter's answer to an {@linkcode AcquireRequest}. */
export interface AcquireReply {
  granted: boolean;
  /** The highest token that this voter has confirmed for the key; 0 if none. */
  token: number;
}

/** Asks a voter to remember the lock's token and to let the lease run anew. */
export interface RefreshRequest {
  key: string;
  uid: string;
  token: number;
}

/** A voter's answer to a {@linkcode RefreshRequest}. */
export interface RefreshReply {
  /** Whether the lease is still valid here, and runs anew. */
  held: boolean;
}

/** Tells a voter that a lease is no longer needed. */
export interface ReleaseRequest {
  key: string;
  uid: string;
}

/** A key with the highest token confirmed for it. */
export interface KeyToken {
  key: string;
  token: number;
}

/** What a voter without memory learns from another one. */
export interface LearnReply {
  /** Whether the other one votes itself; one that does not has nothing to teach. */
  voting: boolean;
  tokens: KeyToken[];
}

/** Asks a replica for the register, under a lock. */
export interface ReadRequest {
  key: string;
  /** The reader's token: from now on the replica takes no write with an older one. */
  fence: number;
}

/** What stands in a replica: the newest write it has accepted. */
export interface ReadReply {
  /** The token of the writer; 0 if nothing was ever written. */
  token: number;
  /** Counts the writes: each writer writes one more than it has read. */
  version: number;
  /** Who wrote it. */
  uid: string;
}

/** Asks a replica to take a write. */
export interface WriteRequest {
  key: string;
  /** The token of the lock under which this is sent. */
  fence: number;
  /** The token under which it was first written; older than `fence` when a reader repairs. */
  token: number;
  version: number;
  uid: string;
}

/** A replica's answer to a {@linkcode WriteRequest}. */
export interface WriteReply {
  accepted: boolean;
  /** The oldest token that this replica would still accept. */
  floor: number;
}

/** One node. Every call ends: with a reply, or rejected within a bounded time. */
export interface Peer {
  readonly host: string;
  acquire(request: AcquireRequest): Promise<AcquireReply>;
  refresh(request: RefreshRequest): Promise<RefreshReply>;
  release(request: ReleaseRequest): Promise<void>;
  learn(): Promise<LearnReply>;
  read(request: ReadRequest): Promise<ReadReply>;
  write(request: WriteRequest): Promise<WriteReply>;
}
