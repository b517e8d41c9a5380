/**
 * Transports whose code is loaded when they are first used.
 *
 * @module
 */

import type { Transport } from "./transport.ts";

/**
 * Loads a module once, and gives the same promise to all: the runtimes take some turns of the event
 * loop even for one that is there, and nodes that begin to listen together must go on together.
 *
 * @param load Loads it; asked again if that fails.
 */
export function loadOnce<Module>(load: () => Promise<Module>): () => Promise<Module> {
  let loaded: Promise<Module> | null = null;
  return () => {
    if (loaded !== null) return loaded;
    const loading = loaded = load();
    loading.catch(() => loaded = null);
    return loading;
  };
}

/**
 * A transport whose code is loaded with its first dial or listener: a program
 * has all of them at hand and uses one or two, and what all of them need takes
 * as long to load as the rest of this library.
 *
 * @param load Loads its module by {@linkcode loadOnce}, and makes it.
 * @param facts What is known of it before.
 * @returns The transport. A dial or a listener rejects as loading does.
 */
export function transportOnDemand(
  load: () => Promise<Transport>,
  facts: Pick<Transport, "guarded" | "onChange"> = {},
): Transport {
  const get = loadOnce(load);
  const { guarded, onChange } = facts;
  return {
    dial: async (address, options) => (await get()).dial(address, options),
    listen: async (address, options) => (await get()).listen(address, options),
    ...(guarded !== undefined && { guarded }),
    ...(onChange && { onChange: (listener) => onChange.call(facts, listener) }),
  };
}
