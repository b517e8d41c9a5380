/**
 * All nodes of a run, as their supervisor sees them.
 *
 * @module
 */

import { EventLog } from "../log/event_log.ts";
import { supervisorLogPath } from "./folders.ts";
import { Histogram } from "../node/histogram.ts";
import { pickHosts } from "./hosts.ts";
import type { Launcher } from "../../../tools/runtimes/launcher.ts";
import { nodeCommand } from "./node_command.ts";
import { NodeProcess } from "./node_process.ts";
import type { DemoOptions } from "./options.ts";
import type { NodeConfig, NodeReport } from "../node/reports.ts";
import type { NodeRow, NodeState, TotalRow } from "./table_view.ts";
import { MachineTime } from "../log/machine_time.ts";

/** What a {@linkcode Cluster} is made from. */
export interface ClusterOptions extends DemoOptions {
  folder: string;
  lifetimeMs: number;
  /** Knows how the nodes are started. */
  launcher: Launcher;
  /** Is told what was done to which node. */
  screen: { tell(message: string): void };
}

/** A node through all its lives. */
export class Member {
  /** Counts its starts. */
  life = 0;
  /** The process, while there is one. */
  process: NodeProcess | undefined;
  state: NodeState = "gone";
  listening = false;
  resting = false;
  /** Whether it was killed on purpose in its present life. */
  doomed = false;
  /** How many of its workers hold a lock and are about to write. */
  writing = 0;
  locks = 0;
  reconnects = 0;
  deed = "";
  /** The calls of the last few reports, newest last. */
  readonly recent: { atMs: number; calls: [number, number][] }[] = [];

  readonly node: number;

  /** @param node Its number, from 0. */
  constructor(node: number) {
    this.node = node;
  }
}

/** Rates and quantiles are shown over this time. */
const RECENT_MS = 2_000;
/** About so many workers in all keep the nodes busy without starving a machine of two cores. */
const WORKERS = 32;

/** Starts, kills and freezes nodes, logs it, and hears what they report. */
export class Cluster implements AsyncDisposable {
  readonly members: readonly Member[];
  /** Where they are reached. */
  readonly hosts: readonly string[];
  /** What they prove themselves by; `null` with certificates. */
  readonly secret: string | null;
  /** All calls that were answered. */
  readonly latency: Histogram = new Histogram();
  /** What nobody intended, each a sentence. */
  readonly troubles: string[] = [];
  /** Hears of each node that holds a lock and is about to write. */
  onWriting: ((member: Member) => void) | undefined;
  kills = 0;
  reconnects = 0;
  readonly #options: ClusterOptions;
  readonly #log: EventLog;
  readonly #time = new MachineTime();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  readonly #waiting = new Set<() => void>();
  readonly #ending = new Set<Promise<void>>();
  #closed = false;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.hosts = pickHosts(options, options.folder);
    this.secret = options.mtls ? null : crypto.randomUUID();
    this.#log = new EventLog(supervisorLogPath(options.folder));
    this.members = Array.from({ length: options.nodes }, (_, node) => new Member(node));
  }

  /** Starts a node, for the first time or again. */
  start(member: Member): void {
    const { node } = member;
    member.life++;
    member.state = member.life === 1 ? "starting" : "silent";
    member.listening = member.resting = member.doomed = false;
    member.writing = member.locks = 0;
    this.#log.write({ event: "spawn", at: this.#time.now(), node, life: member.life });
    const config = this.#configOf(member), { runtimes, launcher } = this.#options;
    const command = nodeCommand(config, runtimes[node % runtimes.length]!, launcher);
    const process = new NodeProcess(config, {
      onReport: (report) => this.#onReport(member, report),
      onText: (line) => this.#options.screen.tell(`node ${node}: ${line}`),
    }, command);
    member.process = process;
    const ended = process.exited.then((status) => this.#onExit(member, status));
    this.#ending.add(ended);
    ended.finally(() => this.#ending.delete(ended));
  }

  /** Kills a node and starts it again some time later. */
  kill(member: Member, downMs: number): void {
    const { node, life } = member;
    const holding = member.writing > 0;
    this.kills++;
    member.doomed = true;
    member.state = "down";
    this.#log.write({ event: "kill", at: this.#time.now(), node, life, holding });
    this.#tell(member, `killed${holding ? " while it held a lock" : ""}`);
    const gone = member.process!.kill();
    this.#later(downMs, async () => {
      await gone;
      if (this.#closed) return;
      this.start(member);
      this.#tell(member, "started again");
    });
  }

  /** Freezes a node and thaws it some time later. */
  freeze(member: Member, frozenMs: number): void {
    const { node, life } = member;
    const process = member.process!;
    const holding = member.writing > 0;
    member.state = "frozen";
    this.#log.write({ event: "freeze", at: this.#time.now(), node, life, holding });
    // Whoever reads of it may kill this process, which must not leave a frozen one behind.
    const frozen = process.freeze().then(() =>
      this.#tell(member, `frozen${holding ? " while it held a lock" : ""}`)
    );
    this.#later(frozenMs, async () => {
      await frozen;
      await process.thaw();
      if (this.#closed) return;
      this.#log.write({ event: "thaw", at: this.#time.now(), node, life });
      member.state = "votes";
      this.#tell(member, "thawed");
    });
  }

  /** How many nodes do not vote at the moment. */
  away(): number {
    return this.members.length - this.voting().length;
  }

  /** The nodes that vote. */
  voting(): Member[] {
    return this.members.filter((member) => member.state === "votes");
  }

  /** Resolves when the condition holds; it is looked at whenever something has changed. */
  until(condition: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if (!condition()) return;
      this.#waiting.delete(look);
      resolve();
    };
    this.#waiting.add(look);
    look();
    return promise;
  }

  /** Takes down something that should not have happened. */
  note(trouble: string): void {
    this.troubles.push(trouble);
  }

  /** The rows of the table. */
  rows(): NodeRow[] {
    return this.members.map((member) => {
      const { node, state, life, locks, reconnects, deed } = member;
      return { node, state, life, locks, reconnects, deed, ...this.#rates([member]) };
    });
  }

  /** The last row of the table. */
  total(elapsedMs: number, seconds: number): TotalRow {
    const locks = this.members.reduce((sum, member) => sum + member.locks, 0);
    const { reconnects } = this;
    return { elapsedMs, seconds, locks, reconnects, ...this.#rates(this.members) };
  }

  /** Ends all processes at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const member of this.members) member.doomed = true;
    await Promise.all(this.members.map((member) => member.process?.kill()));
    await Promise.all(this.#ending);
    this.#log[Symbol.dispose]();
  }

  #configOf({ node, life }: Member): NodeConfig {
    const { folder, keys, lifetimeMs, seed, careless, nodes } = this.#options;
    return {
      node,
      life,
      local: this.hosts[node]!,
      hosts: this.hosts,
      secret: this.secret,
      folder,
      keys,
      workers: Math.ceil(WORKERS / nodes),
      lifetimeMs,
      seed,
      careless,
    };
  }

  #onReport(member: Member, report: NodeReport): void {
    switch (report.report) {
      case "listening":
        member.listening = true;
        break;
      case "voting":
        if (!member.doomed) member.state = "votes";
        if (member.life > 1) {
          this.#tell(member, "votes again");
          member.process?.send("work");
        }
        break;
      case "writing":
        member.writing++;
        if (member.state === "votes") this.onWriting?.(member);
        break;
      case "written":
        member.writing--;
        break;
      case "stats":
        member.locks = report.locks;
        member.reconnects += report.reconnects;
        this.reconnects += report.reconnects;
        this.latency.merge(report.calls);
        member.recent.push({ atMs: performance.now(), calls: report.calls });
        break;
      case "resting":
        member.resting = true;
        break;
    }
    this.#changed();
  }

  #onExit(member: Member, status: Deno.CommandStatus): void {
    member.process = undefined;
    member.writing = member.locks = 0;
    if (!member.doomed) {
      member.state = "gone";
      if (!status.success) {
        this.note(`Node ${member.node} ended by itself, with status ${status.code}.`);
      }
    }
    this.#changed();
  }

  #rates(members: readonly Member[]): Pick<NodeRow, "perSecond" | "p50Us" | "p99Us"> {
    const from = performance.now() - RECENT_MS;
    const latency = new Histogram();
    for (const { recent } of members) {
      while (recent.length > 0 && recent[0]!.atMs < from) recent.shift();
      for (const { calls } of recent) latency.merge(calls);
    }
    return {
      perSecond: latency.total / (RECENT_MS / 1_000),
      p50Us: latency.quantile(0.5),
      p99Us: latency.quantile(0.99),
    };
  }

  #tell(member: Member, deed: string): void {
    member.deed = deed;
    this.#options.screen.tell(`node ${member.node} ${deed}`);
    this.#changed();
  }

  #later(delayMs: number, act: () => Promise<void>): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act().catch((error) => this.note(String(error)));
    }, delayMs);
    this.#timers.add(timer);
  }

  #changed(): void {
    for (const look of this.#waiting) look();
  }
}
