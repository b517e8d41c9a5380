import type { ConcurrencyGate } from "../../../lib/rpc/admission/concurrency_gate.ts";
import { Priority } from "../../../lib/session/frames/priority.ts";
import { TestCall } from "./test_call.ts";

/** Calls at a gate, and what becomes of them. */
export class Door {
  readonly gate: ConcurrencyGate;
  readonly told: string[] = [];
  readonly #now: () => number;

  constructor(gate: ConcurrencyGate, now: () => number = () => 0) {
    this.gate = gate;
    this.#now = now;
  }

  /** A call comes; returns it if it waits. */
  come(name: string, priority: number = Priority.normal, deadlineMs = Infinity): TestCall | null {
    const { gate, told } = this, nowMs = this.#now();
    if (!gate.hasRoom(priority, nowMs)) {
      told.push(`${name} refused`);
      return null;
    }
    if (gate.tryEnter(nowMs)) {
      told.push(name);
      return null;
    }
    const call = new TestCall(priority, nowMs, (what) => told.push(`${name}${what}`), deadlineMs);
    gate.wait(call);
    return call;
  }

  /** What has happened since the last time. */
  news(): string {
    return this.told.splice(0).join(", ");
  }
}
