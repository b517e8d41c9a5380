/**
 * A node that listens elsewhere than its name says. Its argument is a
 * {@linkcode ForwardedSetup}.
 *
 * @module
 */

import { type HostEntry, Manager, type MtlsConfig, single } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { answerCommands } from "../../tools/processes/answer_commands.ts";

/** What a node is made from. */
export interface ForwardedSetup {
  readonly local: string;
  readonly listen: string;
  readonly hosts: readonly HostEntry[];
  readonly tls: MtlsConfig;
}

/** Answers with the caller's name. */
export const whoAmI = single("who", { request: t.nullable(t.uint()), response: t.string() });

if (import.meta.main) {
  const setup: ForwardedSetup = JSON.parse(Deno.args[0]!);
  const manager = new Manager(setup);
  manager.handle(whoAmI, (_, { caller }) => caller);
  await manager.listen();
  await answerCommands({
    call: (host: string) =>
      manager.connection(host).request(whoAmI, null, { waitForReady: true, timeoutMs: 20_000 }),
  });
  await manager.close();
}
