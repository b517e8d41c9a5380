/**
 * Hosts whose contracts are not understood by the others.
 *
 * @module
 */

import { breaking } from "../../reflection/breaking.ts";
import type { Answered } from "../asking/ask_all.ts";
import { shareHandlers } from "../asking/shared_handlers.ts";
import type { HostLook } from "./host_look.ts";
import type { Warning } from "./warning.ts";

/** Finds the hosts whose contracts differ, in a way that breaks, from those that most hosts have. */
export function differentContracts(looks: readonly Answered<HostLook>[]): Warning[] {
  const shared = shareHandlers(
    looks.map(({ host, value }) => ({ host, value: value.handlers })),
  );
  return shared.flatMap(({ name, contracts: [usual, ...others] }) =>
    others.flatMap(({ contract, hosts }): Warning[] => {
      const changes = breaking([contract], [usual!.contract]).filter((one) => !one.compatible);
      const [first] = changes;
      if (first === undefined) return [];
      const many = usual!.hosts.length, [other] = usual!.hosts;
      return hosts.map((host): Warning => ({
        host,
        handler: name,
        text: `Its contract differs from that of ${many} other ${many === 1 ? "host" : "hosts"} ` +
          `at ${first.path}, and calls fail; see "internode breaking ${host} ${other}".`,
      }));
    })
  );
}
