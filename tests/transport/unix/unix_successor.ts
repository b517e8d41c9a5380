/** Two servers at one Unix path, the second of which takes the first one's place. @module */

import { parseHostAddress } from "../../../lib/runtime/host_address.ts";
import { unixTransport } from "../../../lib/transport/unix/unix.ts";

const transport = unixTransport(), address = parseHostAddress(`unix://${Deno.args[0]!}`);
const { promise: first, resolve: accept } = Promise.withResolvers<string>();
const listen = (name: string) =>
  transport.listen(address, {
    path: "",
    accept(channel) {
      accept(name);
      channel.close();
    },
  });
const old = await listen("old");
await Deno.remove(address.path);
const young = await listen("young");
await old.close();
const channel = await transport.dial(address, { path: "", signal: AbortSignal.timeout(5_000) });
channel.close();
const answers = await first;
await young.close();
const isLeft = await Deno.lstat(address.path).then(() => true, () => false);
const who = answers === "young" ? "the successor" : answers;
console.log(`${who} answers; then ${isLeft ? "a socket" : "nothing"} is there`);
