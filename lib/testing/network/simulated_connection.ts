/**
 * A connection on the simulated network: two pipes and two ends.
 *
 * @module
 */

import { ByteEnd } from "./byte_end.ts";
import { MessageEnd } from "./message_end.ts";
import type { NetworkCore } from "./network_core.ts";
import type { NodeClock } from "../time/node_clock.ts";
import { Pipe } from "./pipe.ts";
import type { SimulatedHost } from "./simulated_host.ts";

/** A host and the clock of the process that runs on it. */
export interface Party {
  readonly host: SimulatedHost;
  readonly clock: NodeClock;
}

/** Connects two parties; each holds one end. */
export class SimulatedConnection {
  /** The end of the side that dialled. */
  readonly dialler: ByteEnd | MessageEnd;
  /** The end of the side that accepted. */
  readonly acceptor: ByteEnd | MessageEnd;
  readonly #core: NetworkCore;
  readonly #there: Pipe;
  readonly #back: Pipe;

  constructor(core: NetworkCore, dialler: Party, acceptor: Party) {
    this.#core = core;
    const there = core.link(dialler.host, acceptor.host);
    const back = core.link(acceptor.host, dialler.host);
    this.#there = new Pipe(there, back, core.clock);
    this.#back = new Pipe(back, there, core.clock);
    const { channels } = core.options;
    const asBytes = channels === "bytes" || (channels === "mixed" && core.random.chance(0.5));
    const End = asBytes ? ByteEnd : MessageEnd;
    const common = { core, connection: this };
    this.dialler = new End({
      ...common,
      ...dialler,
      peer: acceptor.host,
      remote: acceptor.host.href,
      incoming: this.#back,
      out: this.#there,
    });
    this.acceptor = new End({
      ...common,
      ...acceptor,
      peer: dialler.host,
      remote: `${dialler.host.href} (connection ${core.nextConnection()})`,
      incoming: this.#there,
      out: this.#back,
    });
    this.#there.join(this.dialler, this.acceptor);
    this.#back.join(this.acceptor, this.dialler);
    for (const end of [this.dialler, this.acceptor]) end.host.ends.add(end);
  }

  /** Breaks it: both ends hear of it, each in its time, and what was under way is lost. */
  cut(reason: string): void {
    this.#there.sever();
    this.#back.sever();
    const { latencyMaxMs } = this.#there.link.options;
    for (const end of [this.dialler, this.acceptor]) {
      if (end.state !== "open") continue;
      end.scheduleArrival(this.#core.random.float(0, latencyMaxMs), () => end.lose(reason));
    }
  }

  /** Leaves the network when both ends are over; called after each change of an end. */
  retireIfOver(): void {
    if (this.dialler.state === "open" || this.acceptor.state === "open") return;
    this.#there.retire();
    this.#back.retire();
    for (const end of [this.dialler, this.acceptor]) end.host.ends.delete(end);
  }
}
