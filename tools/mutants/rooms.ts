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
    name: "grid",
    sources: [
      "lib/grid/allow.ts",
      "lib/grid/back_off.ts",
      "lib/grid/concurrency_gate.ts",
      "lib/grid/dial_gate.ts",
      "lib/grid/dialler.ts",
      "lib/grid/earliest_timer.ts",
      "lib/grid/message_queue.ts",
      "lib/grid/renewal_schedule.ts",
      "lib/grid/retired_links.ts",
      "lib/grid/trace_context.ts",
      "lib/grid/used_tokens.ts",
      "lib/grid/waiting_calls.ts",
    ],
    tests: ["tests/grid/"],
  },
  {
    name: "call",
    sources: [
      "lib/call/balancer_func.ts",
      "lib/call/call_attempts.ts",
      "lib/call/consistent_hash.ts",
      "lib/call/further_connection.ts",
      "lib/call/hash_ring.ts",
      "lib/call/health_verdict.ts",
      "lib/call/hedge_policy.ts",
      "lib/call/hedged_call.ts",
      "lib/call/latest_resolution.ts",
      "lib/call/least_loaded.ts",
      "lib/call/method_key.ts",
      "lib/call/outlier_detector.ts",
      "lib/call/replica_link.ts",
      "lib/call/replica_past.ts",
      "lib/call/retry_budget.ts",
      "lib/call/retry_policy.ts",
      "lib/call/round_robin.ts",
      "lib/call/sharded.ts",
      "lib/call/shard_key_hash.ts",
      "lib/call/untried.ts",
      "lib/call/waiting_picks.ts",
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
