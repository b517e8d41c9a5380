/**
 * Which tests run against a mutant, and in what order.
 *
 * @module
 */

/** A file of tests, and how long it takes when nothing is broken. */
export interface TestFile {
  readonly path: string;
  readonly durationMs: number;
}

/** Files that run in one process, and after what time they are given up. */
export interface TestBatch {
  readonly files: readonly string[];
  readonly limitMs: number;
}

/** Files that are quicker share a process, as starting it is most of what they take. */
const QUICK_MS = 3_000;
/** A batch may take so many times as long as it should, and as much again for the start of a process on a busy machine. */
const PATIENCE = 5, START_MS = 10_000;

/**
 * The batches for mutants of a source file: first the tests that are named
 * like it, then all quick ones, then the others, one by one.
 *
 * @param source The source file.
 * @param tests The tests of its room.
 */
export function planTests(source: string, tests: readonly TestFile[]): TestBatch[] {
  const name = source.slice(source.lastIndexOf("/") + 1).replace(/\.ts$/, "");
  const own: TestFile[] = [], quick: TestFile[] = [], others: TestFile[] = [];
  for (const test of tests.toSorted((a, b) => a.durationMs - b.durationMs)) {
    if (test.path.endsWith(`/${name}_test.ts`)) own.push(test);
    else if (test.durationMs < QUICK_MS) quick.push(test);
    else others.push(test);
  }
  return [own, quick, ...others.map((test) => [test])].filter(({ length }) => length > 0).map(
    (files) => ({
      files: files.map(({ path }) => path),
      limitMs: START_MS + PATIENCE * files.reduce((sum, { durationMs }) => sum + durationMs, 0),
    }),
  );
}
