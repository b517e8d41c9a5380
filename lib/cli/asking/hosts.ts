/**
 * Which hosts a command asks.
 *
 * @module
 */

import { sentence, textOf } from "../../foreign/text_of.ts";
import { pause } from "../../runtime/pause.ts";
import type { Endpoint } from "../../transport/channel/endpoint.ts";
import { UsageError } from "../arguments/usage_error.ts";
import type { ConnectionSettings } from "../context/connection_settings.ts";
import { makeResolver } from "../context/make_resolver.ts";
import type { World } from "../world/world.ts";

/**
 * The hosts that a command asks: those on its command line, else those of the
 * context, else what the context's resolver finds.
 *
 * @returns Resolves with URLs, at least one, each once. Rejects with a `UsageError` if there is none.
 */
export async function hostsOf(
  given: readonly string[],
  settings: ConnectionSettings,
  world: World,
): Promise<readonly string[]> {
  const listed = given.length > 0 ? given : settings.hosts;
  if (listed.length > 0) return [...new Set(listed)];
  if (settings.resolver === null) {
    throw new UsageError(
      `No host is given. Give the URL of one or more, or write "hosts" into ${settings.source}.`,
    );
  }
  const found = await resolveOnce(settings, world);
  if (found.length > 0) return [...new Set(found.map(({ address }) => address))];
  throw new UsageError(`The resolver of ${settings.source} finds no host.`);
}

/** What the context's resolver finds at the moment; none without a resolver. */
export async function resolveOnce(
  { resolver, timeoutMs, source }: ConnectionSettings,
  { clock, signal }: World,
): Promise<readonly Endpoint[]> {
  if (resolver === null) return [];
  const limit = new AbortController(), done = new AbortController();
  void pause(clock, timeoutMs, done.signal).then(() =>
    limit.abort(new Error(`it has not answered in ${timeoutMs} ms`))
  );
  try {
    const either = AbortSignal.any([limit.signal, signal]);
    return (await makeResolver(resolver).resolve(null, either)).endpoints;
  } catch (error) {
    const reason = sentence(textOf(error));
    throw new UsageError(`The resolver of ${source} (${resolver.kind}) fails: ${reason}`);
  } finally {
    done.abort();
  }
}
