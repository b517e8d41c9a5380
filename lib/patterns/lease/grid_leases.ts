/**
 * Leases over hosts of a grid.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import { finite, invalidOption, optionsOf } from "../../foreign/option_checks.ts";
import { shown } from "../../foreign/text_of.ts";
import type { Manager } from "../../grid/manager.ts";
import type { AllowRule } from "../../rpc/contract/allow.ts";
import { type Logger, loggerOf } from "../../rpc/contract/logger.ts";
import type { Clock, Random } from "../../runtime/clock.ts";
import { clockOf, randomOf } from "../../runtime/given_clock.ts";
import { parseNamedHost } from "../../runtime/host_address.ts";
import { GridEngine } from "./grid_engine.ts";
import { askContract, keepContract, learnContract, releaseContract } from "./lease_contracts.ts";
import { type GridLeases, VotingLeases } from "./voting_leases.ts";

/** What leases need of the node: a `Manager` has it. */
export type LeaseGrid = Pick<Manager, "connection" | "handle" | "hosts" | "local">;

/** How leases are kept; the first two the same on all nodes. */
export interface GridLeasesOptions {
  /** Who votes: an odd number of hosts, such as 3 or 5, the same on all nodes. A majority of them must be up. Nodes that have other voters than a voter get nothing from it. Default: the hosts that the manager lists now; must be given where a resolver tells them. */
  readonly voters?: readonly string[] | undefined;
  /** How long a lease outlives a holder that died, in milliseconds, the same on all nodes; from 100 to 3,600,000. Default: 10,000. */
  readonly ttlMs?: number | undefined;
  /** Who may ask this node for its vote; see `HandleOptions.allow`. Default: every peer. */
  readonly allow?: AllowRule | undefined;
  /** Where it is told who leads, and what goes wrong. Default: the console, quiet below warnings. */
  readonly logger?: Logger | undefined;
  /** For simulations. Default: the system's. */
  readonly clock?: Clock | undefined;
  /** For simulations. Default: the system's. */
  readonly random?: Random | undefined;
}

const TTL_MS = 10_000, LEAST_TTL_MS = 100, MOST_TTL_MS = 3_600_000;

/**
 * Leases of which a majority of voters knows, that are hosts of the grid. Every node of
 * the grid may hold leases. Call it once for each manager, before it listens: a
 * voter's handlers are registered then.
 *
 * **What it guarantees**, if clocks run at rates less than 5 % apart, whatever
 * they show: at no time do two processes find a lease of one name held
 * (`isHeld`) that is not shared by both, and its holder is told of its loss before
 * another can gain it. As long as a majority of voters keeps its memory, tokens
 * grow from lease to lease, see `Lease.token`. A
 * voter that starts, also for the first time, does not vote for 1.1 × `ttlMs`;
 * so restart one after the other, and wait that long in between. **What not:** a process
 * that was frozen between looking and writing may write when others have the
 * lease. Only a store that refuses old tokens prevents that.
 *
 * @param grid The node.
 * @param options Who votes, and how long a lease lasts.
 * @returns Leases, to be closed before the grid.
 * @throws {InternodeError} `InvalidArgument` for options that make no sense, or if this manager has leases already.
 *
 * @example One of three nodes leads
 * ```ts
 * import { Manager } from "@internode/grid";
 * import { gridLeases } from "@internode/grid/patterns";
 * import { assertEquals } from "@std/assert";
 *
 * const hosts = ["memory://lead-1", "memory://lead-2", "memory://lead-3"];
 * const nodes = hosts.map((local) => new Manager({ local, hosts }));
 * const leases = nodes.map((node) => gridLeases(node, { ttlMs: 500 }));
 * await Promise.all(nodes.map((node) => node.listen()));
 *
 * const gained = Promise.withResolvers<number>();
 * const leaders = leases.map((own) =>
 *   own.leader("compactor", { onGained: ({ token }) => gained.resolve(token) })
 * );
 * const token = await gained.promise; // goes with each write
 * assertEquals(leaders.map(({ lease }) => lease?.token).filter(Boolean), [token]);
 *
 * await Promise.all(leases.map((own) => own.close()));
 * await Promise.all(nodes.map((node) => node.close()));
 * ```
 *
 * @example What runs on one node alone, and moves when that dies
 * ```ts
 * import { Manager } from "@internode/grid";
 * import { gridLeases } from "@internode/grid/patterns";
 *
 * const local = "memory://single";
 * await using grid = new Manager({ local, hosts: [local] });
 * await using leases = gridLeases(grid, { ttlMs: 500 });
 * await grid.listen();
 *
 * const began = Promise.withResolvers<void>();
 * leases.singleton("mailer", async ({ token, signal }) => {
 *   began.resolve();
 *   while (!signal.aborted) {
 *     console.log(`sending what is due, with token ${token}`);
 *     await new Promise((stop) => signal.addEventListener("abort", stop));
 *   }
 * });
 * await began.promise;
 * ```
 */
export function gridLeases(grid: LeaseGrid, options: GridLeasesOptions = {}): GridLeases {
  const given = optionsOf("gridLeases", options), { ttlMs = TTL_MS, allow } = given;
  if (typeof grid?.handle !== "function" || typeof grid.connection !== "function") {
    throw invalidArgument(`gridLeases takes the manager of this node, not ${shown(grid)}.`);
  }
  finite("ttlMs", ttlMs, TTL_MS);
  if (ttlMs < LEAST_TTL_MS || ttlMs > MOST_TTL_MS) {
    throw invalidOption("ttlMs", `must be from ${LEAST_TTL_MS} to ${MOST_TTL_MS}, not ${ttlMs}`);
  }
  const clock = clockOf(given.clock), random = randomOf(given.random);
  const logger = loggerOf(given.logger);
  const engine = new GridEngine({
    local: grid.local,
    voters: votersOf(given.voters, grid),
    ttlMs,
    clock,
    random,
    logger,
    link: (host) => grid.connection(host),
  });
  const { voter } = engine;
  if (voter !== null) {
    const rule = allow === undefined ? {} : { allow };
    grid.handle(askContract, (request) => voter.ask(request), rule);
    grid.handle(keepContract, (request) => voter.keep(request), rule);
    grid.handle(releaseContract, (request) => voter.release(request), rule);
    grid.handle(learnContract, () => voter.learn(), rule);
  }
  engine.start();
  return new VotingLeases({ engine, clock, logger }, random);
}

function votersOf(given: readonly string[] | undefined, grid: LeaseGrid): readonly string[] {
  const listed: unknown = given ?? grid.hosts;
  if (!Array.isArray(listed)) throw invalidOption("voters", `must be a list, not ${shown(listed)}`);
  const voters = listed.map((host) => parseNamedHost(host).href);
  if (voters.length === 0) {
    throw invalidOption("voters", "must name at least one host: nobody else can vote");
  }
  if (new Set(voters).size < voters.length) {
    throw invalidOption("voters", "names a host twice; each has one vote");
  }
  return voters;
}
