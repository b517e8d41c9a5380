/**
 * Whether what many have read and written of a key could have been done by one after the other.
 *
 * @module
 */

/** One read or write of a key that was begun. Times are in any unit, and no two are equal. */
export interface Operation {
  readonly kind: "get" | "set";
  readonly key: string;
  /** What it has read or written; `null`: nothing was there. No two writes of a key have the same. */
  value: string | null;
  readonly begin: number;
  /** When it has ended well; `Infinity`: it has not, so a write may have taken effect at any time since, or never. */
  end: number;
}

/** All that was done with one value: its write, and what has read it. */
interface Zone {
  readonly value: string | null;
  /** When the first of these had ended. */
  readonly firstEnd: number;
  /** When the last of these has begun. */
  readonly lastBegin: number;
}

/**
 * Finds what no order can explain. It looks at values and times alone, not at
 * the store's own versions: a value counts from the first end to the last begin
 * of all that was done with it, and no other may count meanwhile (P. Gibbons
 * and E. Korach, "Testing Shared Memories", 1997).
 *
 * @returns A sentence for each fault.
 */
export function checkRegisters(operations: readonly Operation[]): string[] {
  const keys = Map.groupBy(operations, ({ key }) => key);
  return [...keys].flatMap(([key, ofKey]) => checkKey(ofKey).map((fault) => `${key}: ${fault}`));
}

function checkKey(operations: readonly Operation[]): string[] {
  const faults: string[] = [], zones: Zone[] = [];
  const nothing: Operation = { kind: "set", key: "", value: null, begin: -1, end: -1 };
  const sets = new Map([[nothing.value, nothing]]);
  for (const done of operations) if (done.kind === "set") sets.set(done.value, done);
  const gets = Map.groupBy(
    operations.filter(({ kind, end }) => kind === "get" && end < Infinity),
    ({ value }) => value,
  );
  for (const value of gets.keys()) {
    if (!sets.has(value)) faults.push(`${value} was read, but nobody wrote it`);
  }
  for (const [value, set] of sets) {
    const readers = gets.get(value) ?? [];
    if (set.end === Infinity && readers.length === 0) continue; // it may never have taken effect
    if (readers.some(({ end }) => end < set.begin)) {
      faults.push(`${value} was read before its write`);
    }
    zones.push({
      value,
      firstEnd: Math.min(set.end, ...readers.map(({ end }) => end)),
      lastBegin: Math.max(set.begin, ...readers.map(({ begin }) => begin)),
    });
  }
  const counting = zones.filter(({ firstEnd, lastBegin }) => firstEnd < lastBegin);
  for (const long of counting) {
    for (const other of zones) {
      if (other === long) continue;
      const { firstEnd, lastBegin } = other;
      const overlaps = firstEnd < lastBegin
        ? firstEnd < long.lastBegin && long.firstEnd < lastBegin
        : long.firstEnd < lastBegin && firstEnd < long.lastBegin;
      if (overlaps) {
        faults.push(
          `${other.value} was written or read while ${long.value} was there, from ` +
            `${long.firstEnd} to ${long.lastBegin}`,
        );
      }
    }
  }
  return faults;
}
