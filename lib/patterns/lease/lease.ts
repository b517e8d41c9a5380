/**
 * Leases, as users have them, whatever keeps them.
 *
 * @module
 */

/**
 * The right to be the only one, or one of those who share it, for as long as it
 * is renewed, which this does by itself. It ends when it is released, or lost
 * because it could not be renewed in time.
 */
export interface Lease extends AsyncDisposable {
  /** What it is for. */
  readonly name: string;
  /** Whether others may share it at the same time. */
  readonly isShared: boolean;
  /**
   * The fencing token: a whole number. Of two leases of one name that are not
   * both shared, the one gained later has the higher one. Between shared ones it
   * says nothing: their tokens may be in any order, and equal.
   *
   * Send it with each access. A store keeps two numbers for a name: the highest
   * token of all, and the highest that was not shared. It refuses one that is not
   * shared below the first, and a shared one below the second. So whoever holds a
   * lease is never refused, and whoever lost it is, as soon as the store has seen a
   * later one that excludes it.
   */
  readonly token: number;
  /** Whether it is held at this moment, by this process's clock, also if the process was frozen up to now. The moment after it may not be: what must not happen twice needs the token. */
  readonly isHeld: boolean;
  /** For how long it is certain to be held from now on, in milliseconds, if it is not renewed any more; 0 once it has ended. */
  readonly remainingMs: number;
  /** Aborts when it has ended, or its leader closes: with an `InternodeError` of code `Closed`, or of `Unreachable` if it was lost. Reading this looks at the clock: after a freeze `lease.signal.aborted` is true at once, while a signal that was read before aborts when timers run. */
  readonly signal: AbortSignal;
  /** Gives it back, so that others can have it at once. Resolves within half the time that a lease lasts, also when nobody has heard of it: then it runs out. Never rejects. */
  release(): Promise<void>;
}

/** How a lease is asked for. */
export interface LeaseOptions {
  /** Whether others may share it: any number of shared ones are held at one time, or one that is not. Who waits for one that is not shared goes before those who come to share it later; those who share it already keep it. Default: false. */
  readonly shared?: boolean | undefined;
  /** How long to try, in milliseconds; with 0 it is tried once, and keeps nobody from sharing. Default: 60,000. `Infinity` for no limit. */
  readonly timeoutMs?: number | undefined;
  /** Gives up when it aborts, with its reason. Afterwards it has no effect. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/** What a leader is told. */
export interface LeaderOptions {
  /** This node leads. */
  readonly onGained?: ((lease: Lease) => unknown) | undefined;
  /** It leads no more, and nobody else does yet: it is called at least a twentieth of a lease's time before another can gain it. If the leader closes, the lease is released when what this returns has resolved. */
  readonly onLost?: ((lease: Lease, reason: unknown) => unknown) | undefined;
  /** How long closing waits for what `onLost`, or the function of a singleton, returns, in milliseconds; then the lease is left to run out. Default: 5,000. */
  readonly graceMs?: number | undefined;
}

/** How a singleton closes. */
export interface SingletonOptions {
  /** How long closing waits for the function to end, in milliseconds; then the lease is left to run out. Default: 5,000. */
  readonly graceMs?: number | undefined;
}

/** Somebody who leads, or waits to. */
export interface Leader extends AsyncDisposable {
  /** What it is about. */
  readonly name: string;
  /** Its lease while it leads; else `null`. */
  readonly lease: Lease | null;
  /** Leads no more, and never again: the lease is released as soon as what runs under it has ended. Any number of calls. */
  close(): Promise<void>;
}

/** Leases, and who leads, among all that ask the same voters, or the same etcd. */
export interface Leases extends AsyncDisposable {
  /**
   * Waits for a lease and keeps it from then on.
   *
   * @param name What for: 1 to 255 characters.
   * @param options How long to wait.
   * @throws {InternodeError} `DeadlineExceeded`, saying who has it; `InvalidArgument`; `Closed`; or the signal's reason.
   */
  lease(name: string, options?: LeaseOptions): Promise<Lease>;
  /**
   * Stands for leadership until it is closed: leads whenever nobody else does.
   *
   * @param name What is led.
   * @param options What it is told.
   * @throws {InternodeError} `InvalidArgument`; `Closed`.
   */
  leader(name: string, options?: LeaderOptions): Leader;
  /**
   * Runs a function on one node of all that call this: wherever the lease is.
   * When that node dies another one runs it. It is given the lease, whose
   * signal tells it to stop. If it returns or throws, the lease is released,
   * and any node may run it next, this one not before one lease's time.
   *
   * @param name What it is.
   * @param run The function.
   * @param options How it closes.
   * @throws {InternodeError} `InvalidArgument`; `Closed`.
   */
  singleton(
    name: string,
    run: (lease: Lease) => unknown,
    options?: SingletonOptions,
  ): Leader;
  /** Closes all leaders, releases all leases, and votes no more. Before the grid closes. Any number of calls; never rejects. */
  close(): Promise<void>;
}
