import type { WaitingCall } from "../../../lib/rpc/admission/concurrency_gate.ts";

/** A call at a gate that tells what becomes of it. */
export class TestCall implements WaitingCall {
  isWanted = true;
  readonly priority: number;
  readonly sinceMs: number;
  readonly deadlineMs: number;
  readonly #tell: (what: "" | " refused") => void;

  constructor(
    priority: number,
    sinceMs: number,
    tell: (what: "" | " refused") => void,
    deadlineMs: number = Infinity,
  ) {
    this.priority = priority;
    this.sinceMs = sinceMs;
    this.deadlineMs = deadlineMs;
    this.#tell = tell;
  }

  start(): void {
    this.#tell("");
  }

  refuse(): void {
    this.#tell(" refused");
  }
}
