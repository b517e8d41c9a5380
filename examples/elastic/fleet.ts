/**
 * All nodes, as those who run them see them.
 *
 * @module
 */

import { deadline } from "@std/async";
import { freePorts } from "../../tools/network/free_ports.ts";
import { ReportingProcess } from "../support/reporting_process.ts";
import type { NodeConfig, NodeReport } from "./reports.ts";

const SCRIPT = new URL("node.ts", import.meta.url);
/** So long a node may take from its start until it owns keys. */
const START_LIMIT_MS = 30_000;
/** So long one may take to hand over its keys and end. */
const END_LIMIT_MS = 30_000;
/** So long one may take to end when the run is over. */
const LAST_LIMIT_MS = 3_000;

/** What a {@linkcode Fleet} is made from. */
export interface FleetOptions {
  /** How many nodes there are at most. */
  readonly most: number;
  /** The etcd where they are listed, and under which prefix. */
  readonly urls: readonly string[];
  readonly prefix: string;
  /** Is told what happens. */
  readonly tell: (message: string) => void;
}

/** A node that runs. */
interface Member {
  readonly name: string;
  readonly process: ReportingProcess<NodeReport>;
  /** Whether it owns keys. */
  isReady: boolean;
  /** Whether it is to end; otherwise its end is a failure. */
  stopping: boolean;
}

/** Starts nodes, and ends them. */
export class Fleet implements AsyncDisposable {
  /** What nobody intended, each a sentence. */
  readonly troubles: string[] = [];
  readonly #options: FleetOptions;
  readonly #hosts: string[];
  readonly #members: Member[] = [];
  #started = 0;
  #closed = false;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#hosts = freePorts(options.most).map((port) => `tcp://127.0.0.1:${port}`);
  }

  /** How many nodes run. */
  get size(): number {
    return this.#members.length;
  }

  #readyNodes(): string {
    const { length } = this.#members.filter(({ isReady }) => isReady);
    return length === 1 ? "1 node" : `${length} nodes`;
  }

  /** Starts one more; resolves when it owns keys. */
  async grow(signal: AbortSignal): Promise<void> {
    const host = this.#hosts.shift()!, name = `node ${++this.#started}`;
    const { urls, prefix, tell } = this.#options;
    const config: NodeConfig = { host, urls, prefix };
    const ready = Promise.withResolvers<void>();
    const etcd = urls.map((url) => new URL(url).host);
    const permissions = [`--allow-net=${["127.0.0.1", ...etcd].join(",")}`];
    const process = new ReportingProcess<NodeReport>({ script: SCRIPT, permissions, config }, {
      onReport: () => ready.resolve(),
      onText: (line) => this.#closed || tell(`${name}: ${line}`),
    });
    const member: Member = { name, process, isReady: false, stopping: false };
    this.#members.push(member);
    process.exited.then(({ code }) => {
      this.#members.splice(this.#members.indexOf(member), 1);
      this.#hosts.push(host);
      ready.reject(new Error(`${name} did not start.`));
      if (member.stopping && code === 0) return;
      this.troubles.push(
        `${name} ended ${member.stopping ? "" : "by itself, "}with status ${code}.`,
      );
    });
    await deadline(ready.promise, START_LIMIT_MS, { signal });
    member.isReady = true;
    tell(`${name} has come: ${this.#readyNodes()}`);
  }

  /** Lets one of them end, whichever it is; resolves when it has handed over its keys and is gone. */
  async shrink(): Promise<void> {
    const member = this.#members[Math.floor(Math.random() * this.size)]!;
    await stop(member, END_LIMIT_MS);
    this.#options.tell(`${member.name} has gone: ${this.#readyNodes()}`);
  }

  /** Lets all end in their own time. */
  async stop(): Promise<void> {
    await Promise.all(this.#members.map((member) => stop(member, END_LIMIT_MS)));
  }

  /** Ends those that are left, soon. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#members.map((member) => stop(member, LAST_LIMIT_MS)));
  }
}

async function stop(member: Member, limitMs: number): Promise<void> {
  member.stopping = true;
  await member.process.stop(limitMs);
}
