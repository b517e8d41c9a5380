/**
 * Real turns of the runtime's event loop: between two simulated events every
 * promise reaction must have run.
 *
 * @module
 */

/**
 * Resolves in a new turn of the real event loop, when every microtask queued
 * before or meanwhile has run. Costs about a microsecond where the runtime has
 * `setImmediate`; there is no way to ask for "no microtasks left" directly, and
 * counting promise hops would miss chains longer than the count.
 */
export function realTurn(): Promise<void> {
  return new Promise(startTurn);
}

// Simulations may not wait on real time; this waits on nothing but the microtask queue.
// Looked up at load time, so that tests that replace the globals by fakes do not reach it.
const startTurn: (resume: () => void) => void = pickTurn();

function pickTurn(): (resume: () => void) => void {
  const { setImmediate, setTimeout } = globalThis as unknown as {
    setImmediate?: (callback: () => void) => unknown;
    setTimeout: (callback: () => void, delayMs: number) => unknown;
  };
  if (setImmediate !== undefined) return (resume) => void setImmediate(resume);
  return (resume) => void setTimeout(resume, 0);
}
