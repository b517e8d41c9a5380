/**
 * The Unix sockets in a folder.
 *
 * @module
 */

import { makerOf } from "./resolver/made_endpoint.ts";
import { messageOf } from "../foreign/text_of.ts";
import { type ResolutionSink, WatchingResolver } from "./resolver/watching_resolver.ts";
import type { Resolver } from "./resolver/resolver.ts";
import { invalidArgument } from "../errors.ts";
import { quoted } from "../foreign/plain_text.ts";
import { type Logger, loggerOf } from "../rpc/contract/logger.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Endpoint } from "../transport/channel/endpoint.ts";
import { unix } from "../transport/net_endpoint.ts";
import { errorKind } from "../runtime/platform/error_kind.ts";
import { thisPlatform } from "../runtime/this_platform.ts";
import { FolderWatch } from "../runtime/folder_watch.ts";
import { ValidParts } from "./resolver/valid_parts.ts";
import { madeEndpoint } from "./resolver/made_endpoint.ts";
import { invalidOption, positiveOption } from "./resolver/option_checks.ts";
import { pause } from "../runtime/pause.ts";
import { readError } from "../runtime/read_error.ts";
import { BINDING_PREFIX } from "../transport/unix/unix_socket.ts";
import { ProblemLog } from "./resolver/problem_log.ts";
import { type ShrinkOptions, shrinkSettings } from "./resolver/shrink_guard.ts";
import { optionsOf, text } from "../foreign/option_checks.ts";
import { clockOf } from "../runtime/given_clock.ts";

/** Two looks are never closer than this: servers that start together are seen together. */
const PAUSE_MS = 50;

/** How a folder is watched. */
export interface DirectoryResolverOptions extends ShrinkOptions {
  /** The folder. */
  readonly path: string;
  /** How often to look although the system has told of no change, in milliseconds. Default: 5,000. */
  readonly pollIntervalMs?: number | undefined;
  /** Makes the endpoint of a socket's path. Default: `unix`. */
  readonly makeEndpoint?: ((path: string) => Endpoint) | undefined;
  /** Where it is told that the folder cannot be read. Default: the console. */
  readonly logger?: Logger | undefined;
  /** Where time comes from. Default: the system. */
  readonly clock?: Clock | undefined;
}

/**
 * A resolver of the Unix sockets in a folder, links to sockets included; what
 * else is there, and folders below it, does not count. Replicas on one machine
 * so need no registry: each listens on a socket of its own in the same folder.
 *
 * The endpoints come in the order of the sockets' names. One whose name makes no
 * endpoint is passed over, with a warning. A process that was
 * killed leaves its socket behind; it stays an endpoint, one that cannot be
 * dialled, until it is removed or another server takes its place. A folder that
 * does not exist has the version `missing`; if it cannot be read, the last
 * endpoints stay. It is watched while somebody waits, and at no other time.
 * Needs `--allow-read` for the folder.
 *
 * @param folder The path, or more options. A path that is not absolute counts from where the process runs.
 * @returns The resolver. Its errors are `InvalidArgument` for a missing
 * permission, `Unreachable` if the folder cannot be read.
 * @throws {InternodeError} `InvalidArgument` for options that make no sense.
 *
 * @example
 * ```ts
 * import { directoryResolver } from "@internode/grid/call";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * const listener = Deno.listen({ transport: "unix", path: `${folder}/a.sock` });
 *
 * const { signal } = new AbortController();
 * const { endpoints } = await directoryResolver(folder).resolve(null, signal);
 * assertEquals(endpoints.map(({ address }) => address), [`unix://${folder}/a.sock`]);
 * listener.close();
 * await Deno.remove(folder);
 * ```
 */
export function directoryResolver(folder: string | DirectoryResolverOptions): Resolver {
  const options = typeof folder === "string" ? { path: folder } : folder;
  const {
    path,
    makeEndpoint = (socket: string): Endpoint => unix(socket),
    logger,
  } = optionsOf("directoryResolver", options);
  const clock = clockOf(options.clock);
  makerOf(makeEndpoint);
  const pollIntervalMs = positiveOption(
    "directoryResolver",
    "pollIntervalMs",
    options.pollIntervalMs,
    5_000,
  );
  if (text("path", path) === "") {
    throw invalidOption("directoryResolver", "path", "must not be empty");
  }
  const log = loggerOf(logger);
  const problem = new ProblemLog(log, clock, `The folder ${path} can be read again.`, {
    event: "resolver_recovered",
    path,
  });
  const sockets = new ValidParts(log, { path });
  let isKnown = false;

  async function lookAt(sink: ResolutionSink): Promise<void> {
    let endpoints: Endpoint[] | null;
    try {
      const entries = await entriesIn(path);
      endpoints = entries && sockets.take(
        entries,
        ({ path, problem }) => {
          if (problem !== undefined) throw problem;
          return socketEndpoint(path, makeEndpoint);
        },
        ({ path, problem }, text) => problem === undefined ? text : notAnEndpoint(path, text),
      );
    } catch (cause) {
      const error = readError(path, cause);
      if (isKnown) {
        problem.warn(`${error.message} The last endpoints stay in use.`, {
          event: "resolver_failed",
          path,
          reason: error.message,
          code: error.code,
          error,
        });
      }
      sink.fail(error);
      return;
    }
    isKnown = true;
    problem.clear();
    if (endpoints === null) sink.setMissing();
    else sink.set(endpoints);
  }

  return new WatchingResolver(async (sink, signal) => {
    using watch = new FolderWatch(path, clock);
    while (!signal.aborted) {
      await lookAt(sink);
      await pause(clock, PAUSE_MS, signal);
      await watch.changed(pollIntervalMs, signal);
    }
  }, {
    ...shrinkSettings("directoryResolver", options),
    what: `the folder ${path}`,
    logger,
    clock,
  });
}

/** What a user's function makes of a socket. */
function socketEndpoint(path: string, makeEndpoint: (path: string) => Endpoint): Endpoint {
  try {
    return madeEndpoint(() => makeEndpoint(path));
  } catch (cause) {
    const message = `${notAnEndpoint(path, messageOf(cause))}.`;
    throw invalidArgument(message, { cause });
  }
}

function notAnEndpoint(path: string, problem: string): string {
  return `${quoted(path)} cannot be an endpoint: ${problem}`;
}

/** Something that is, or may be, a socket. */
interface Entry {
  readonly path: string;
  /** Why that cannot be seen. */
  readonly problem?: unknown;
}

/** The sockets, sorted by their paths; `null` if there is no such folder. */
async function entriesIn(path: string): Promise<Entry[] | null> {
  const base = path.endsWith("/") ? path : `${path}/`, found: Entry[] = [];
  try {
    for await (const { name, isDirectory, isFile } of thisPlatform().files.readDir(path)) {
      if (isDirectory || isFile || name.startsWith(BINDING_PREFIX)) continue;
      const entry = await look(base + name);
      if (entry !== null) found.push(entry);
    }
  } catch (error) {
    if (errorKind(error) === "notFound") return null;
    throw error;
  }
  return found.sort((a, b) => a.path < b.path ? -1 : 1);
}

/** `null` for what is no socket. */
async function look(path: string): Promise<Entry | null> {
  try {
    return (await thisPlatform().files.stat(path)).isSocket === true ? { path } : null;
  } catch (problem) {
    // It was removed meanwhile, or is a link to nothing.
    return errorKind(problem) === "notFound" ? null : { path, problem };
  }
}
