/**
 * Transports whose code is loaded when they are first used.
 *
 * @module
 */

import type { Transport } from "./transport.ts";

/**
 * A transport whose code is loaded with its first dial or listener: a program
 * has all of them at hand and uses one or two, and what all of them need takes
 * as long to load as the rest of this library.
 *
 * @param load Loads and makes it; asked again if that fails.
 * @param facts What is known of it before.
 * @returns The transport. A dial or a listener rejects as loading does.
 */
export function transportOnDemand(
  load: () => Promise<Transport>,
  facts: Pick<Transport, "guarded" | "onChange"> = {},
): Transport {
  let loaded: Promise<Transport> | null = null;
  const get = async (): Promise<Transport> => {
    try {
      return await (loaded ??= load());
    } catch (error) {
      loaded = null;
      throw error;
    }
  };
  const { guarded, onChange } = facts;
  return {
    dial: async (address, options) => (await get()).dial(address, options),
    listen: async (address, options) => (await get()).listen(address, options),
    ...(guarded !== undefined && { guarded }),
    ...(onChange && { onChange: (listener) => onChange.call(facts, listener) }),
  };
}
