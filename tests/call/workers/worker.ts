/** The workers of the tests. */

import { sharedSecret } from "@internode/grid";
import { serveWorker, type ThisWorker, type WorkerService } from "@internode/grid/workers";
import { admin } from "@internode/grid/admin";
import { implement } from "@internode/grid/call";
import { pause } from "../../../lib/runtime/pause.ts";
import { systemClock } from "../../../lib/runtime/system_clock.ts";
import { Whoami } from "./contract.ts";

/** What a test gives its workers. */
export interface WorkerData {
  readonly greeting: string;
  readonly secret?: string;
  /** A file that a worker writes to when it has stopped. */
  readonly log?: string;
  /** What goes wrong: it finds out that something is missing, wants two servers, cannot clean up, or talks of other things. */
  readonly fault?: "missing" | "twice" | "cleaning" | "chatty" | "starting";
}

const quiet = (): void => {};

async function start({ number, data, signal }: ThisWorker<WorkerData>): Promise<WorkerService> {
  if (data.fault === "missing") throw new Error("the database cannot be reached");
  if (data.fault === "twice") await serveWorker(start);
  if (data.fault === "chatty") {
    const { postMessage } = globalThis as unknown as { postMessage(message: unknown): void };
    for (const message of [null, undefined, "hello", 7, [], { kind: 7 }]) postMessage(message);
  }
  return {
    handlers: implement(Whoami, {
      number: () => number,
      greeting: () => data.greeting,
      wait: async (waitMs) => {
        await pause(systemClock, waitMs, new AbortController().signal);
        return signal.aborted ? 1 : 0;
      },
      die: () =>
        void queueMicrotask(() => {
          throw new Error("the test wants it so");
        }),
      block: (durationMs) => {
        const untilMs = performance.now() + durationMs;
        while (performance.now() < untilMs);
      },
    }),
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    ...(data.secret !== undefined && { auth: sharedSecret(data.secret) }),
    onStarted: (server) => {
      if (data.fault === "starting") throw new Error("The key is lost.");
      server.handle(admin, { allow: ({ host }) => host === "ops" });
    },
    onStopped: () => {
      if (data.fault === "cleaning") throw new Error("The broom is lost.");
      if (data.log !== undefined) Deno.writeTextFileSync(data.log, `${number}\n`, { append: true });
    },
  };
}

await serveWorker<WorkerData>(start);
