/** A signal that knows how many listen to it, for tests. */

export class CountingSignal {
  /** The signal. */
  readonly signal: AbortSignal;
  /** How many listeners it has. */
  listeners = 0;

  constructor() {
    const { signal } = new AbortController();
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...given: Parameters<typeof add>) => {
      this.listeners++;
      add(...given);
    };
    signal.removeEventListener = (...given: Parameters<typeof remove>) => {
      this.listeners--;
      remove(...given);
    };
    this.signal = signal;
  }
}
