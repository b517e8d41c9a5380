/**
 * Endpoints from a file, or as soon as there is a file.
 *
 * @module
 */

import { keptText } from "./resolver/kept_text.ts";
import { makerOf } from "./resolver/made_endpoint.ts";
import { listedEndpoints } from "./resolver/made_endpoint.ts";
import { type ResolutionSink, WatchingResolver } from "./resolver/watching_resolver.ts";
import type { Resolver } from "./resolver/resolver.ts";
import { InternodeError } from "../errors.ts";
import { isOwnError } from "../foreign/own_error.ts";
import type { EventLogger } from "../foreign/log_event.ts";
import { counted, messageOf, textOf } from "../foreign/text_of.ts";
import { type Logger, loggerOf } from "../rpc/contract/logger.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Endpoint } from "../transport/channel/endpoint.ts";
import { parseNetEndpoint } from "../transport/net_endpoint.ts";
import { endpointLines, readEndpointLine } from "./resolver/endpoint_list.ts";
import { ValidParts } from "./resolver/valid_parts.ts";
import { errorKind } from "../runtime/platform/error_kind.ts";
import { thisPlatform } from "../runtime/this_platform.ts";
import { folderOf, FolderWatch } from "../runtime/folder_watch.ts";
import { invalidOption, positiveOption } from "./resolver/option_checks.ts";
import { pause } from "../runtime/pause.ts";
import { readError } from "../runtime/read_error.ts";
import { FileDebounce } from "../runtime/file_debounce.ts";
import { ProblemLog } from "./resolver/problem_log.ts";
import { type ShrinkOptions, shrinkSettings } from "./resolver/shrink_guard.ts";
import { optionsOf, text } from "../foreign/option_checks.ts";
import { clockOf } from "../runtime/given_clock.ts";

/** The longest file that is read: some 30,000 endpoints. Whatever is longer is taken for a mistake. */
const MAX_FILE_BYTES = 1_048_576;

/** How a file is watched. */
export interface FileResolverOptions extends ShrinkOptions {
  /** The file. */
  readonly path: string;
  /** For how long a change must last before it counts, in milliseconds. Default: 100. */
  readonly settleMs?: number | undefined;
  /** How often to look although the system has told of no change, in milliseconds. Default: 5,000. */
  readonly pollIntervalMs?: number | undefined;
  /** Makes the endpoint of an address, or of a line that is no `EndpointRecord`. Default: `parseNetEndpoint`. */
  readonly makeEndpoint?: ((line: string) => Endpoint) | undefined;
  /** Where a file that makes no sense is told while the last good one stays in use. Default: the console. */
  readonly logger?: Logger | undefined;
  /** Where time comes from. Default: the system. */
  readonly clock?: Clock | undefined;
}

/**
 * A resolver of endpoints that a file lists, or, if endpoints are given, of
 * these for as long as the file exists, whatever is in it.
 *
 * The file has one endpoint a line, as `parseNetEndpoint` reads them
 * (`tcp://10.0.0.1:9000`, `unix:///run/a.sock`), or an `EndpointRecord` in JSON
 * (`{"address":"tcp://10.0.0.1:9000","zone":"eu-1a","weight":2}`). Blank lines
 * are ignored, and so are comments, from a `#` at a line's begin or after a
 * space. It may be up to 1 MiB long. What happens to the file means this:
 *
 * - **Changed**: the new endpoints count once the file has been the same for
 *   `settleMs`, so that one which is just being written is never taken for
 *   complete. Renaming a finished file into place is safest all the same.
 * - **Deleted**, for at least `settleMs`: no endpoints, and the version
 *   `missing`. This is the one way to take all out. A file that lists endpoints
 *   and is not there at the first look is told of by a warning.
 * - **Emptied**, or left without any endpoint: the last ones stay, with a
 *   warning. While there are none yet, it counts as missing.
 * - **A line that is no endpoint** is passed over, with a warning that names it.
 * - **Unreadable, or without one good line**: the last endpoints stay, with a
 *   warning. While nothing is known yet, `resolve` rejects with it.
 *
 * The first look counts at once, unless the file's last line has no end. The
 * folder is watched while somebody waits, and at no other time. Needs
 * `--allow-read` for the file; without it for the folder too, changes are
 * looked for once a second.
 *
 * @param file The path, or more options. A path that is not absolute counts from where the process runs.
 * @param endpoints Given once the file exists. Default: those that the file lists.
 * @returns The resolver. Its errors are `InvalidArgument` for a malformed file
 * and a missing permission, `Unreachable` if the file cannot be read.
 * @throws {InternodeError} `InvalidArgument` for options that make no sense.
 *
 * @example
 * ```ts
 * import { fileResolver, missing, tcp } from "@internode/grid/call";
 * import { assertEquals } from "@std/assert";
 *
 * const path = await Deno.makeTempFile();
 * await Deno.writeTextFile(path, "# rack 1\ntcp://10.0.0.1:9000\ntcp://10.0.0.2:9000\n");
 * const listed = fileResolver(path), gated = fileResolver(`${path}.ready`, tcp("10.0.0.3:9000"));
 *
 * const { signal } = new AbortController();
 * assertEquals((await listed.resolve(null, signal)).endpoints.length, 2);
 * assertEquals((await gated.resolve(null, signal)).version, missing);
 * await Deno.remove(path);
 * ```
 */
export function fileResolver(
  file: string | FileResolverOptions,
  ...endpoints: readonly Endpoint[]
): Resolver {
  const options = typeof file === "string" ? { path: file } : file;
  const watched = new WatchedFile(
    options,
    endpoints.length === 0 ? null : listedEndpoints(endpoints),
  );
  const { logger, clock } = options, what = `the file ${options.path}`;
  return new WatchingResolver(
    (sink, signal) => watched.watch(sink, signal),
    { ...shrinkSettings("fileResolver", options), what, logger, clock },
  );
}

/** What counts at the moment. */
type Known =
  | { readonly kind: "endpoints"; readonly endpoints: readonly Endpoint[] }
  | { readonly kind: "missing" }
  | { readonly kind: "nothing"; readonly reason: unknown };

class WatchedFile {
  readonly #path: string;
  readonly #given: readonly Endpoint[] | null;
  readonly #settleMs: number;
  readonly #pollIntervalMs: number;
  readonly #makeEndpoint: (line: string) => Endpoint;
  readonly #clock: Clock;
  readonly #debounce: FileDebounce;
  readonly #logger: EventLogger;
  readonly #problem: ProblemLog;
  readonly #lines: ValidParts;
  #known: Known | null = null;

  constructor(options: FileResolverOptions, given: readonly Endpoint[] | null) {
    const check = (name: "settleMs" | "pollIntervalMs", byDefault: number): number =>
      positiveOption("fileResolver", name, options[name], byDefault);
    if (text("path", optionsOf("fileResolver", options).path) === "") {
      throw invalidOption("fileResolver", "path", "must not be empty");
    }
    this.#path = options.path;
    this.#given = given;
    this.#settleMs = check("settleMs", 100);
    this.#pollIntervalMs = check("pollIntervalMs", 5_000);
    this.#makeEndpoint = makerOf(options.makeEndpoint) ?? ((line) => parseNetEndpoint(line));
    this.#clock = clockOf(options.clock);
    this.#debounce = new FileDebounce(this.#settleMs);
    const logger = this.#logger = loggerOf(options.logger), { path } = options;
    this.#problem = new ProblemLog(logger, this.#clock, `The file ${path} is valid again.`, {
      event: "resolver_recovered",
      path,
    });
    this.#lines = new ValidParts(logger, { path });
  }

  async watch(sink: ResolutionSink, signal: AbortSignal): Promise<void> {
    using folder = new FolderWatch(folderOf(this.#path), this.#clock);
    while (!signal.aborted) {
      const isSettled = await this.#look(sink, signal);
      // Changes come in flocks; two looks are never closer than this.
      await pause(this.#clock, this.#settleMs, signal);
      if (isSettled) await folder.changed(this.#pollIntervalMs, signal);
    }
  }

  /** Says whether to wait for the next change, rather than to look again soon. */
  async #look(sink: ResolutionSink, signal: AbortSignal): Promise<boolean> {
    let text: string | null;
    try {
      text = await this.#read(signal);
    } catch (cause) {
      if (!signal.aborted) this.#fail(sink, readError(this.#path, cause));
      return true;
    }
    if (signal.aborted) return true;
    switch (this.#debounce.see(text, this.#clock.now())) {
      case "pending":
        return false;
      case "unstable":
        this.#fail(sink, this.#error("keeps changing, or comes and goes. Write it in one go"));
        return false;
      case "changed":
        this.#known = this.#parse(text);
        break;
      case "unchanged":
        break;
    }
    this.#tell(sink);
    return true;
  }

  /** What is in the file, `null` if there is none; an empty text where only its existence matters. */
  async #read(signal: AbortSignal): Promise<string | null> {
    try {
      const { files } = thisPlatform();
      const { isFile, size } = await files.stat(this.#path);
      if (this.#given !== null) return "";
      // To read a pipe could take for ever.
      if (!isFile) throw this.#error("is no file. Give the path of a file");
      if (size > MAX_FILE_BYTES) {
        throw this.#error(
          `has ${counted(size, "byte")}, more than the ${MAX_FILE_BYTES} that are read. Shorten it`,
        );
      }
      return await files.readTextFile(this.#path, signal);
    } catch (error) {
      if (errorKind(error) === "notFound") return null;
      throw error;
    }
  }

  /** What a text that counts says, which may be that what was known before still holds. */
  #parse(text: string | null): Known {
    if (text === null) {
      this.#problem.clear();
      this.#tellIfNone("does not exist");
      return { kind: "missing" };
    }
    const before = this.#known;
    try {
      const endpoints = this.#given ?? this.#lines.take(
        endpointLines(text),
        (line) => readEndpointLine(line, this.#path, this.#makeEndpoint),
        (_, problem) => problem,
      );
      if (endpoints.length > 0) {
        this.#problem.clear();
        return { kind: "endpoints", endpoints };
      }
      if (before?.kind !== "endpoints") {
        this.#tellIfNone("lists no endpoints");
        return { kind: "missing" };
      }
      this.#problem.warn(
        `The file ${this.#path} no longer lists endpoints; the last ` +
          `${before.endpoints.length} stay in use. To remove all, delete it.`,
        { event: "resolver_failed", path: this.#path },
      );
      return before;
    } catch (error) {
      if (before === null || before.kind === "nothing") return { kind: "nothing", reason: error };
      this.#warn(error, before);
      return before;
    }
  }

  /** Who has mistyped a path is to see it; a file that gates given endpoints is often not there. */
  #tellIfNone(what: string): void {
    if (this.#known !== null || this.#given !== null) return;
    this.#logger.warn(
      `The file ${this.#path} ${what}. There are no endpoints until it lists some.`,
      { event: "resolver_failed", path: this.#path },
    );
  }

  #tell(sink: ResolutionSink): void {
    const known = this.#known!;
    if (known.kind === "endpoints") sink.set(known.endpoints);
    else if (known.kind === "missing") sink.setMissing();
    else sink.fail(known.reason);
  }

  #fail(sink: ResolutionSink, error: InternodeError): void {
    const known = this.#known;
    if (known !== null && known.kind !== "nothing") {
      this.#warn(error, known);
    }
    sink.fail(error);
  }

  #warn(error: unknown, known: Known): void {
    this.#problem.warn(`${messageOf(error)}. ${stays(known)}`, {
      event: "resolver_failed",
      path: this.#path,
      reason: textOf(error),
      code: isOwnError(error) ? error.code : undefined,
      error,
    });
  }

  #error(what: string): InternodeError {
    return new InternodeError("InvalidArgument", `${this.#path} ${what}.`);
  }
}

function stays(known: Known): string {
  return keptText(known.kind === "endpoints" ? known.endpoints.length : 0);
}
