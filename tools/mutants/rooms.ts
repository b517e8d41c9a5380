/**
 * What is mutated, and which tests ought to notice.
 *
 * @module
 */

/** Sources with the tests that are theirs. */
export interface Room {
  /** Its name, as `--room` takes it. */
  readonly name: string;
  /** Files, and folders with a slash at their end, from the repository's root on. */
  readonly sources: readonly string[];
  /** The same for its tests, which need no permission. */
  readonly tests: readonly string[];
}

/** The pure rooms as a whole; of the others the files that decide something and touch nothing. */
export const ROOMS: readonly Room[] = [
  { name: "errors", sources: ["lib/errors.ts"], tests: ["tests/errors_test.ts"] },
  { name: "foreign", sources: ["lib/foreign/"], tests: ["tests/foreign/"] },
  { name: "wire", sources: ["lib/wire/"], tests: ["tests/wire/"] },
  { name: "codec", sources: ["lib/codec/"], tests: ["tests/codec/"] },
  { name: "session", sources: ["lib/session/"], tests: ["tests/session/"] },
  {
    name: "rpc",
    sources: [
      "lib/rpc/contract/allow.ts",
      "lib/rpc/connecting/back_off.ts",
      "lib/rpc/admission/concurrency_gate.ts",
      "lib/rpc/admission/wait_bound.ts",
      "lib/rpc/connecting/dial_limiter.ts",
      "lib/rpc/calling/earliest_timer.ts",
      "lib/rpc/serving/message_queue.ts",
      "lib/rpc/connecting/reconnector.ts",
      "lib/rpc/connecting/renewal_schedule.ts",
      "lib/rpc/connecting/retired_links.ts",
      "lib/rpc/tracing/trace_context.ts",
      "lib/rpc/proof/used_tokens.ts",
      "lib/rpc/calling/waiting_calls.ts",
    ],
    tests: ["tests/rpc/", "tests/grid/"],
  },
  { name: "grid", sources: ["lib/grid/dialler.ts"], tests: ["tests/grid/"] },
  {
    name: "discovery",
    sources: ["lib/discovery/resolver/latest_resolution.ts", "lib/discovery/ownership/"],
    tests: ["tests/discovery/resolver/", "tests/discovery/ownership/", "tests/call/client/"],
  },
  {
    name: "call",
    sources: [
      "lib/call/balancers/balancer_func.ts",
      "lib/call/client/call_attempts.ts",
      "lib/call/balancers/consistent_hash.ts",
      "lib/call/replicas/further_connection.ts",
      "lib/call/replicas/health_verdict.ts",
      "lib/call/service/hedge_policy.ts",
      "lib/call/client/hedged_call.ts",
      "lib/call/balancers/least_loaded.ts",
      "lib/call/service/method_key.ts",
      "lib/call/service/outlier_detector.ts",
      "lib/call/replicas/replica_link.ts",
      "lib/call/replicas/replica_history.ts",
      "lib/call/service/retry_budget.ts",
      "lib/call/service/retry_policy.ts",
      "lib/call/balancers/replica_weight.ts",
      "lib/call/balancers/round_robin.ts",
      "lib/call/balancers/sharded.ts",
      "lib/call/balancers/untried.ts",
      "lib/call/replicas/waiting_picks.ts",
      "lib/call/replicas/zone_weights.ts",
    ],
    tests: ["tests/call/"],
  },
];

/**
 * The files that a room's list means.
 *
 * @param all The paths of all files of the repository.
 * @param listed Files and folders.
 * @param ending What the names of files in folders end with.
 * @throws {Error} If something of the list is not there.
 */
export function filesOf(
  all: readonly string[],
  listed: readonly string[],
  ending: string,
): string[] {
  return listed.flatMap((entry) => {
    const files = all.filter((path) =>
      path === entry || (entry.endsWith("/") && path.startsWith(entry) && path.endsWith(ending))
    );
    if (files.length === 0) throw new Error(`tools/mutants/rooms.ts names ${entry}: no such file.`);
    return files;
  });
}
