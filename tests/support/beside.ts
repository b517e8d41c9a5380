/**
 * Cases that have nothing to do with each other, and wait more than they work, beside each other.
 *
 * @module
 */

/** A case. */
export interface Case {
  /** What holds in it, as a sentence. */
  readonly name: string;
  /** Whether it cannot be tried here. */
  readonly ignore?: boolean;
  /** Tries it. */
  readonly fn: (test: Deno.TestContext) => Promise<void>;
}

/**
 * A test that runs cases as its steps, some at a time. Leaks are looked for when all are over.
 *
 * @param name The test's name.
 * @param atOnce How many cases run at a time.
 * @param cases The cases.
 */
export function testBeside(name: string, atOnce: number, cases: readonly Case[]): void {
  Deno.test({
    name,
    ignore: cases.every(({ ignore = false }) => ignore),
    async fn(test) {
      await beside(test, atOnce, cases);
    },
  });
}

/** The same within a test that has set something up for all of them. */
export async function beside(
  test: Deno.TestContext,
  atOnce: number,
  cases: readonly Case[],
): Promise<void> {
  const left = cases.values();
  const next = async (): Promise<void> => {
    for (const { name, ignore = false, fn } of left) {
      // The whole test has the sanitizers, as steps at one time cannot be told apart.
      const options = { sanitizeOps: false, sanitizeResources: false, sanitizeExit: false };
      await test.step({
        ...options,
        name,
        ignore,
        fn: async (step) => await fn(step),
      });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, next));
}
