/**
 * All replicas, as those who run them see them.
 *
 * @module
 */

import { deadline } from "@std/async";
import { freePorts } from "../../tools/network/free_ports.ts";
import { ReportingProcess } from "../support/reporting_process.ts";
import type { ReplicaList } from "./replica_list.ts";
import type { ReplicaConfig, ReplicaReport } from "./reports.ts";

const SCRIPT = new URL("replica.ts", import.meta.url);
/** So long a replica may take from its start until it is listed. */
const START_LIMIT_MS = 30_000;
/** So long one may take to end: its own bounds come to less. */
const END_LIMIT_MS = 12_000;
/** So long one may take to end when the run is over. */
const LAST_LIMIT_MS = 3_000;

/** What a {@linkcode Fleet} is made from. */
export interface FleetOptions {
  /** How many replicas. */
  readonly replicas: number;
  /** Over what they are reached. */
  readonly transport: "unix" | "tcp";
  /** Where they are listed. */
  readonly list: ReplicaList;
  /** Where their sockets go, and the list if it is a file. */
  readonly folder: string;
  /** Is told what happens. */
  readonly tell: (message: string) => void;
}

/** A replica through all its lives. */
class Member {
  process: ReportingProcess<ReplicaReport> | null = null;
  /** Whether it is to end; otherwise its end is a failure. */
  stopping = false;
  /** How many calls its past lives have served. */
  calls = 0;

  readonly name: string;
  readonly listen: string;

  constructor(name: string, listen: string) {
    this.name = name;
    this.listen = listen;
  }
}

/** Starts replicas, restarts them one at a time, and ends them. */
export class Fleet implements AsyncDisposable {
  /** What nobody intended, each a sentence. */
  readonly troubles: string[] = [];
  readonly #options: FleetOptions;
  readonly #members: readonly Member[];
  #restarts = 0;
  #closed = false;

  constructor(options: FleetOptions) {
    const { replicas, transport, folder } = options;
    this.#options = options;
    const hosts = transport === "unix"
      ? Array.from({ length: replicas }, (_, at) => `unix://${folder}/${at}.sock`)
      : freePorts(replicas).map((port) => `tcp://127.0.0.1:${port}`);
    this.#members = hosts.map((host, at) => new Member(`replica ${at}`, host));
  }

  /** Where the replicas listen. */
  get hosts(): readonly string[] {
    return this.#members.map(({ listen }) => listen);
  }

  /** How many restarts were completed. */
  get restarts(): number {
    return this.#restarts;
  }

  /** How many calls each replica has served, known once its process has ended. */
  get calls(): number[] {
    return this.#members.map(({ calls }) => calls);
  }

  /** Starts all; resolves when they are listed. */
  async start(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#members.map((member) => this.#start(member, signal)));
  }

  /** Lets a replica end in its own time, and starts it again; resolves when it is listed again. */
  async restart(at: number, signal: AbortSignal): Promise<void> {
    const member = this.#members[at]!;
    this.#options.tell(`${member.name} is told to stop`);
    await this.#stop(member);
    signal.throwIfAborted();
    await this.#start(member, signal);
    this.#restarts++;
    this.#options.tell(`${member.name} is back`);
  }

  /** Lets all end in their own time. */
  async stop(): Promise<void> {
    await Promise.all(this.#members.map((member) => this.#stop(member)));
  }

  /** Ends those that are left, soon. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#members.map((member) => this.#stop(member, LAST_LIMIT_MS)));
  }

  async #start(member: Member, signal: AbortSignal): Promise<void> {
    const { list, folder, tell } = this.#options;
    const ready = Promise.withResolvers<void>();
    member.stopping = false;
    const config: ReplicaConfig = { listen: member.listen, list };
    const process = new ReportingProcess<ReplicaReport>({
      script: SCRIPT,
      permissions: [
        `--allow-net=${netPermission(config).join(",")}`,
        `--allow-read=${folder}`,
        `--allow-write=${folder}`,
      ],
      config,
    }, {
      onReport: (report) => {
        if (report.report === "ready") ready.resolve();
        else member.calls += report.calls;
      },
      onText: (line) => this.#closed || tell(`${member.name}: ${line}`),
    });
    member.process = process;
    process.exited.then(({ code }) => {
      member.process = null;
      ready.reject(new Error(`${member.name} did not start.`));
      if (!member.stopping || code !== 0) {
        this.troubles.push(
          `${member.name} ended ${member.stopping ? "" : "by itself, "}with status ${code}.`,
        );
      }
    });
    await deadline(ready.promise, START_LIMIT_MS, { signal });
  }

  async #stop(member: Member, limitMs = END_LIMIT_MS): Promise<void> {
    member.stopping = true;
    await member.process?.stop(limitMs);
  }
}

/** The addresses a replica has to reach, as for `--allow-net`. */
function netPermission({ listen, list }: ReplicaConfig): string[] {
  const [scheme, rest] = listen.split("://", 2);
  const own = scheme === "unix" ? `unix:${rest}` : "127.0.0.1";
  return [own, ...list.kind === "etcd" ? list.urls.map((url) => new URL(url).host) : []];
}
