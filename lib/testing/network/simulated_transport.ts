/**
 * How a simulated node dials and listens.
 *
 * @module
 */

import { guard } from "../../foreign/guard.ts";
import { follow, thenOf } from "../../foreign/thenable.ts";
import {
  type Authorization,
  authorizationOf,
  notJudged,
} from "../../transport/channel/authorization.ts";
import type { HostAddress } from "../../runtime/host_address.ts";
import type {
  Channel,
  DialOptions,
  Listener,
  ListenOptions,
  Transport,
} from "../../transport/channel/transport.ts";
import { InternodeError, invalidArgument } from "../../errors.ts";
import type { ListenerRecord, NetworkCore } from "./network_core.ts";
import { type Party, SimulatedConnection } from "./simulated_connection.ts";
import type { SimulatedHost } from "./simulated_host.ts";

/** Schemes whose connections begin with a request for a path. */
const PATH_SCHEMES = new Set(["ws", "wss"]);

const NOBODY_LISTENS = "connection refused: nothing listens there";

/** The transport of one process on one host. After that process died it does nothing any more. */
export class SimulatedTransport implements Transport {
  readonly guarded = true;
  readonly #core: NetworkCore;
  readonly #party: Party;

  constructor(core: NetworkCore, party: Party) {
    this.#core = core;
    this.#party = party;
  }

  dial(address: HostAddress, options: DialOptions): Promise<Channel> {
    return new Promise((resolve, reject) => {
      if (options.signal.aborted) reject(options.signal.reason);
      else new Attempt(this.#core, this.#party, address, options, resolve, reject).start();
    });
  }

  async listen(address: HostAddress, options: ListenOptions): Promise<Listener> {
    const core = this.#core, { host, clock } = this.#party, { href } = address;
    await new Promise<void>((resolve) => clock.deliver(0, resolve));
    if (core.listeners.has(href)) throw invalidArgument(`Something listens on ${href} already.`);
    const owner = core.hosts.get(href);
    if (owner !== undefined && owner !== host) {
      throw invalidArgument(`${host.href} cannot listen on ${href}: that is another host.`);
    }
    const record: ListenerRecord = { host, options };
    core.listeners.set(href, record);
    core.note("listen", host.href, href);
    let finish = () => {};
    const finished = new Promise<void>((resolve) => finish = resolve);
    return {
      address,
      finished,
      close: () => {
        if (core.listeners.get(href) === record) {
          core.listeners.delete(href);
          core.note("unlisten", host.href, href);
          clock.deliver(0, finish);
        }
        return finished;
      },
    };
  }
}

/** One attempt to connect: a packet there, an answer back. */
class Attempt {
  readonly #core: NetworkCore;
  readonly #party: Party;
  readonly #address: HostAddress;
  readonly #options: DialOptions;
  readonly #resolve: (channel: Channel) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #onAbort: () => void;
  #connection: SimulatedConnection | null = null;
  #over = false;

  constructor(
    core: NetworkCore,
    party: Party,
    address: HostAddress,
    options: DialOptions,
    resolve: (channel: Channel) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#core = core;
    this.#party = party;
    this.#address = address;
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#onAbort = () => {
      this.#connection?.dialler.close();
      this.#finish(() => this.#reject(options.signal.reason));
    };
  }

  start(): void {
    const core = this.#core, { host, clock } = this.#party, { href } = this.#address;
    if (clock.stopped) return;
    core.note("dial", host.href, href);
    this.#options.signal.addEventListener("abort", this.#onAbort, { once: true });
    const target = core.listeners.get(href)?.host ?? core.hosts.get(href);
    if (target === undefined) {
      clock.deliver(0, () => this.#fail("the simulated network has no such host"));
      return;
    }
    core.link(host, target).carry(() => {
      // A machine accepts by itself; an upgrade request waits for the process to judge it.
      const judge = PATH_SCHEMES.has(this.#address.scheme) ? target.clock : null;
      if (judge === null) this.#knock(target);
      else judge.deliver(0, () => this.#knock(target));
    });
  }

  /** The packet has reached the other machine. */
  #knock(target: SimulatedHost): void {
    if (this.#over || this.#party.clock.stopped) return;
    const listener = this.#core.listeners.get(this.#address.href);
    const refusal = this.#refusal(target, listener);
    if (refusal !== null || listener === undefined) {
      return this.#turnAway(target, refusal ?? NOBODY_LISTENS);
    }
    const { authorize } = listener.options;
    if (authorize === undefined || !PATH_SCHEMES.has(this.#address.scheme)) {
      return this.#letIn(target, listener, undefined);
    }
    const onJudged = (authorization: Authorization): void => {
      if (this.#over || this.#party.clock.stopped) return;
      if (!("reason" in authorization)) this.#letIn(target, listener, authorization.name);
      else this.#turnAway(target, `status ${authorization.status}: ${authorization.reason}`);
    };
    const { token = null } = this.#options;
    const said = guard<unknown>(
      () => authorize(token, undefined),
      (thrown) => Promise.reject(thrown),
    );
    const then = thenOf(said);
    // An answer that comes at once costs no turn: a seed goes on replaying its history.
    if (then === null) onJudged(authorizationOf(said));
    else {
      const later = (authorization: Authorization): void =>
        void target.clock?.deliver(0, () => onJudged(authorization));
      follow(
        said,
        then,
        (what) => later(authorizationOf(what)),
        (thrown) => later(notJudged(thrown)),
      );
    }
  }

  #turnAway(target: SimulatedHost, refusal: string): void {
    this.#core.note("refuse", target.href, this.#party.host.href);
    this.#answer(target, () => this.#fail(refusal));
  }

  /** @param name The peer that the token is good for, if it is for one. */
  #letIn(target: SimulatedHost, listener: ListenerRecord, name: string | undefined): void {
    const core = this.#core, { href } = this.#address, { clock } = target;
    if (clock === null) return this.#turnAway(target, NOBODY_LISTENS);
    core.note("accept", target.href, this.#party.host.href);
    const connection = new SimulatedConnection(core, this.#party, { host: target, clock });
    this.#connection = connection;
    clock.deliver(0, () => {
      if (core.listeners.get(href) !== listener) connection.acceptor.close();
      else listener.options.accept(connection.acceptor, name);
    });
    this.#answer(target, () => this.#finish(() => this.#resolve(connection.dialler)));
  }

  /** Why the other side does not want this connection, whoever asks for it. */
  #refusal(target: SimulatedHost, listener: ListenerRecord | undefined): string | null {
    const { host } = this.#party;
    if (this.#core.random.chance(this.#core.link(host, target).options.dialFailure)) {
      return "connection refused (at random)";
    }
    if (listener === undefined) return NOBODY_LISTENS;
    const { path } = this.#options, needsPath = PATH_SCHEMES.has(this.#address.scheme);
    return needsPath && listener.options.path !== path ? `status 404: it has no ${path}` : null;
  }

  #answer(target: SimulatedHost, arrived: () => void): void {
    const { host, clock } = this.#party;
    this.#core.link(target, host).carry(() => void clock.deliver(0, arrived));
  }

  #fail(reason: string): void {
    const { href } = this.#address;
    // Such a status is the answer of a peer that is there and does not want this dialler.
    const code = reason.startsWith("status 4") ? "PermissionDenied" : "Unreachable";
    const error = new InternodeError(code, `Could not connect to ${href}: ${reason}.`, {
      origin: code === "Unreachable" ? "network" : "remote",
      host: href,
    });
    this.#finish(() => this.#reject(error));
  }

  #finish(report: () => void): void {
    if (this.#over) return;
    this.#over = true;
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    report();
  }
}
