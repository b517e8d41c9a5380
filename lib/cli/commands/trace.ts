/**
 * Shows calls as they end.
 *
 * @module
 */

import { counted } from "../../foreign/text_of.ts";
import type { TraceBatch, TracedCall, TraceRequest } from "../../admin/calls_contract.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import { plainText } from "../../foreign/plain_text.ts";
import { pause } from "../../runtime/pause.ts";
import { type Command, command } from "../arguments/command.ts";
import { choice, duration, flag, text, whole } from "../arguments/option.ts";
import { problemOf } from "../asking/ask_all.ts";
import { clockText, timeText } from "../output/figures.ts";
import { cutText } from "../output/text_width.ts";
import { OK, UNREACHABLE } from "../world/exit_status.ts";
import type { World } from "../world/world.ts";
import { type Asking, HOST_OPTIONS, HOSTS, PEERS_OPTION, withTools } from "./host_command.ts";
import { handlerText, longDirection, shortDirection } from "../output/call_texts.ts";

/** How long to wait before a lost host is asked again, in milliseconds. */
const RETRY_MS = 1_000;

/** `internode trace`. */
export const traceCommand: Command = command({
  name: "trace",
  about: "Shows each call of hosts that ends, as it ends, until Ctrl-C.",
  details:
    "A host that is lost is asked again each second. A host that has more calls than are read leaves some out, and says how many.",
  operands: [HOSTS],
  options: {
    handler: text("only calls of the handler of this name", "NAME", undefined),
    errors: flag("only calls that failed"),
    slow: duration("only calls that took at least so long", undefined),
    direction: choice("only those that come in, or go out", ["in", "out"], undefined),
    peer: text("only calls with this other side", "HOST", undefined),
    limit: whole("ends after so many calls", { from: 1, fallback: undefined }),
    for: duration("ends after this time", undefined),
    ...PEERS_OPTION,
    ...HOST_OPTIONS,
  },
  examples: [
    { line: "trace --context prod --errors", about: "What fails, on all hosts" },
    {
      line: "trace tcp://10.0.0.1:9000 --handler disk.read --slow 10ms --for 1m",
      about: "Slow calls of a handler, for a minute",
    },
  ],
  async run({ operands, options }, world) {
    const wanted: TraceRequest = {
      handler: options.handler,
      errorsOnly: options.errors,
      slowerThanMs: options.slow,
      direction: longDirection(options.direction),
      host: options.peer,
    };
    const tracing = new Tracing(wanted, options.limit ?? Infinity, options.json, world);
    return await withTools(
      operands,
      options,
      world,
      (asking) => tracing.run(asking, options.for),
    );
  },
});

/** Follows several hosts at a time. */
class Tracing {
  readonly #wanted: TraceRequest;
  readonly #isJson: boolean;
  readonly #world: World;
  readonly #done = new AbortController();
  readonly #signal: AbortSignal;
  #left: number;
  #hasHead = false;
  /** One line after the other, whichever host it is of. */
  #printing: Promise<void> = Promise.resolve();

  constructor(wanted: TraceRequest, limit: number, isJson: boolean, world: World) {
    this.#wanted = wanted;
    this.#left = limit;
    this.#isJson = isJson;
    this.#world = world;
    this.#signal = AbortSignal.any([this.#done.signal, world.signal]);
  }

  async run(asking: Asking, forMs: number | undefined): Promise<number> {
    if (forMs !== undefined) {
      void pause(this.#world.clock, forMs, this.#signal).then(() => this.#done.abort());
    }
    const answered = await Promise.all(asking.hosts.map((host) => this.#follow(host, asking)));
    await this.#printing;
    return answered.every((each) => each) ? OK : UNREACHABLE;
  }

  /** Whether the host has been reached. */
  async #follow(host: string, asking: Asking): Promise<boolean> {
    let isReached = false, told = "";
    while (!this.#signal.aborted) {
      try {
        await this.#read(host, asking, () => {
          if (told !== "") void this.#world.printer.note(`${host}: it answers again.`);
          isReached = true;
          told = "";
        });
      } catch (error) {
        if (this.#signal.aborted) break;
        const { code, message } = problemOf(error, host), problem = `${host}: ${code}: ${message}`;
        if (problem !== told) await this.#world.printer.note(problem);
        told = problem;
        const mayPass = !isOwnError(error) || (error.code !== "PermissionDenied" &&
          error.code !== "UnknownHandler" && error.code !== "Unauthenticated");
        if (!mayPass) return false;
      }
      await pause(this.#world.clock, RETRY_MS, this.#signal);
    }
    return isReached;
  }

  async #read(host: string, { tools }: Asking, onReached: () => void): Promise<void> {
    const client = await tools.connect(host);
    const end = (): void => void client.close();
    this.#signal.addEventListener("abort", end, { once: true });
    try {
      await client.ping();
      onReached();
      for await (const batch of client.trace(this.#wanted)) {
        await this.#print(host, batch);
        if (this.#signal.aborted) return;
      }
    } finally {
      this.#signal.removeEventListener("abort", end);
      await client.close();
    }
  }

  #print(host: string, { calls, lost }: TraceBatch): Promise<void> {
    const { printer } = this.#world;
    return this.#printing = this.#printing.then(async () => {
      if (lost > 0) {
        await printer.note(
          `${host}: ${counted(lost, "call")} ${lost === 1 ? "was" : "were"} left out.`,
        );
      }
      const shown = calls.slice(0, this.#left);
      this.#left -= shown.length;
      for (const call of shown) {
        if (this.#isJson) await printer.jsonLine({ node: host, ...call });
        else await printer.print(this.#line(host, call));
      }
      if (this.#left <= 0) this.#done.abort();
    });
  }

  #line(host: string, call: TracedCall): string {
    const { paint, width } = this.#world.printer;
    const head = this.#hasHead ? "" : `${paint(HEAD, "head")}\n`;
    this.#hasHead = true;
    const { timeMs, durationMs, direction, error } = call;
    const line = [
      clockText(timeMs),
      timeText(durationMs).padStart(7),
      shortDirection(direction).padEnd(3),
      (error ?? "ok").padEnd(16),
      plainText(handlerText(call)).padEnd(24),
      plainText(host).padEnd(24),
      plainText(call.host),
    ].join("  ").trimEnd();
    const cut = width === null ? line : cutText(line, width);
    return `${head}${paint(cut, error === null ? "plain" : "bad")}\n`;
  }
}

const HEAD = [
  "TIME (UTC)".padEnd(12),
  "TOOK".padStart(7),
  "DIR",
  "RESULT".padEnd(16),
  "HANDLER".padEnd(24),
  "NODE".padEnd(24),
  "PEER",
].join("  ");
