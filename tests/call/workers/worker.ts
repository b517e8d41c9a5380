/** The workers of the tests. */

import { sharedSecret } from "@internode/grid";
import { implement, serveWorker } from "@internode/grid/call";
import { Whoami } from "./contract.ts";

/** What a test gives its workers. */
export interface WorkerData {
  readonly greeting: string;
  readonly secret?: string;
  /** A file that a worker writes to when it has stopped. */
  readonly log?: string;
}

await serveWorker<WorkerData>(({ number, data, signal }) => ({
  handlers: implement(Whoami, {
    number: () => number,
    greeting: () => data.greeting,
    wait: async (waitMs) => {
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      return signal.aborted ? 1 : 0;
    },
    die: () =>
      void setTimeout(() => {
        throw new Error("the test wants it so");
      }),
    hang: () => {
      while (true);
    },
  }),
  ...(data.secret !== undefined && { auth: sharedSecret(data.secret) }),
  onStopped: () => {
    if (data.log !== undefined) Deno.writeTextFileSync(data.log, `${number}\n`, { append: true });
  },
}));
