/**
 * One handler under several names: here for each disk of a server.
 *
 *     deno run examples/subroutes.ts
 *
 * @module
 */

import { InternodeError, Manager, single } from "@internode/grid";
import * as t from "@internode/grid/codec";

const read = single("disk.read", {
  request: t.record({ path: t.string() }),
  response: t.string(),
});

const disks = new Map([
  ["disk-1", new Map([["a.txt", "first"]])],
  ["disk-2", new Map([["b.txt", "second"]])],
]);

const hosts = ["memory://storage", "memory://gateway"] as const;
await using storage = new Manager({ local: hosts[0], hosts });
await using gateway = new Manager({ local: hosts[1], hosts });

// The context says under which name it was called. Calls without a subroute find no handler.
storage.handle(read, ({ path }, { subroute }) => {
  const text = disks.get(subroute)!.get(path);
  if (text === undefined) throw new Error(`${path} is not on ${subroute}`);
  return text;
}, { subroutes: [...disks.keys()] });
await Promise.all([storage.listen(), gateway.listen()]);

const connection = gateway.connection(hosts[0]);
for (const subroute of ["disk-1", "disk-2", "disk-3"]) {
  try {
    console.log(`${subroute}: ${await connection.request(read, { path: "a.txt" }, { subroute })}`);
  } catch (error) {
    if (!(error instanceof InternodeError)) throw error;
    console.log(`${subroute}: ${error.code}: ${error.message}`);
  }
}
