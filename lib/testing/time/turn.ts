/**
 * Real turns of the runtime's event loop: between two simulated events every
 * promise reaction must have run.
 *
 * @module
 */

/** So many turns are asked for at once: what the runtime does between two rounds of them takes longer than they do. */
const TURNS = 32;

/**
 * Calls a function in one turn of the real event loop after the other, until it
 * says that there is no more to do. When it is called, every microtask queued before or
 * meanwhile has run, as the runtime runs them all between two turns; there is
 * no way to ask for "no microtasks left" directly, and counting promise hops
 * would miss chains longer than the count.
 *
 * @param step Must not throw; says whether to go on.
 */
export function eachTurn(step: () => boolean): void {
  let isOver = false, waiting = 0;
  const take = (): void => {
    waiting--;
    if (isOver) return;
    if (!step()) isOver = true;
    else if (waiting === 0) ask();
  };
  const ask = (): void => {
    for (; waiting < TURNS; waiting++) startTurn(take);
  };
  ask();
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
