/**
 * A stream for its caller.
 *
 * @module
 */

import { InternodeError, invalidArgument } from "../../errors.ts";
import type { Codec } from "../../codec/format/codec.ts";
import { accepted, type TakenInput } from "../../session/sending/stream_queue.ts";
import type { StreamContract } from "../contract/contract.ts";
import { byteStreamOf } from "./byte_outputs.ts";
import type { AnswerPromises } from "./stream_answer.ts";

/** What a stream is made of: the session's part, or what interceptors make of it. */
export interface StreamParts<Input, Output> {
  /** What both sides agreed on. */
  // deno-lint-ignore no-explicit-any -- the type of the initial payload plays no part any more
  readonly contract: StreamContract<any, Input, Output>;
  /** `"idle"`: messages wait until it is opened. */
  readonly state: string;
  /** Takes messages; `null` before it is opened. */
  readonly send: InputTaker<Input> | null;
  /** How it has ended; `null`: it has not. */
  readonly ending: { readonly error: unknown } | null;
  /** The handler's messages. */
  readonly outputs: AsyncIterableIterator<Output>;
  /** See {@linkcode ByteSource}. */
  readonly ownsOutputs: boolean;
  /** Resolves when it can send, rejects when it never will. */
  readonly opened: Promise<void>;
  /** Resolves when the handler has ended well, else rejects. */
  readonly finished: Promise<void>;
  /** What the handler has set. */
  readonly answer: AnswerPromises;
  /** Ends it from this side. */
  cancel(reason: unknown): void;
  /** See {@linkcode ByteSource}. */
  lendOutputs?(): void;
}

/** Takes the messages of a caller. */
export interface InputTaker<Input> {
  /** Whether it takes no more. */
  readonly ended: boolean;
  /** Takes a message; `null` if it has left. */
  send(codec: Codec<Input>, value: Input): TakenInput | null;
  /** Takes the end. */
  end(onEnded: () => void, nowMs: number): void;
}

/**
 * A call with many messages. Iterate it to read the handler's messages; call
 * `send` to send messages. Leaving a `for await` early cancels it.
 *
 * All messages that the handler sent are read before the end or the error. A
 * lost connection is always an error, never an end. After an error, every
 * `next()` rejects with it.
 *
 * @typeParam Input What this side sends; `never` if there is no such direction.
 * @typeParam Output What the handler sends; `never` if there is no such direction.
 *
 * @example
 * ```ts
 * import { Manager, stream } from "@internode/grid";
 * import * as t from "@internode/grid/codec";
 * import { assertEquals } from "@std/assert";
 *
 * const scan = stream("bucket.scan", {
 *   initial: t.record({ prefix: t.string() }),
 *   output: t.string(),
 *   inputCapacity: 0,
 *   outputCapacity: 16,
 * });
 *
 * const hosts = ["memory://bucket", "memory://reader"] as const;
 * await using bucket = new Manager({ local: hosts[0], hosts });
 * await using reader = new Manager({ local: hosts[1], hosts });
 * bucket.handle(scan, async function* ({ prefix }) {
 *   for (const name of ["a/1", "b/1", "b/2"]) if (name.startsWith(prefix)) yield name;
 * });
 * await Promise.all([bucket.listen(), reader.listen()]);
 *
 * const found: string[] = [];
 * for await (const name of reader.connection(hosts[0]).stream(scan, { prefix: "b/" })) {
 *   found.push(name);
 * }
 * assertEquals(found, ["b/1", "b/2"]);
 * ```
 */
export class Stream<Input, Output> implements AsyncIterable<Output>, AsyncDisposable {
  readonly #call: StreamParts<Input, Output>;
  readonly #beginTurn: () => number;
  /** The last of the calls made before the stream could send, so that they keep their order. */
  #beforeOpen: Promise<void> | null = null;
  #ended = false;
  /** Made on first use. */
  #readable: ReadableStream<Output> | null = null;

  /** Made by `Connection.stream`. */
  constructor(call: StreamParts<Input, Output>, beginTurn: () => number) {
    this.#call = call;
    this.#beginTurn = beginTurn;
    if (call.state === "idle" || call.send === null) this.#beforeOpen = call.opened;
  }

  /**
   * Sends a message. Resolves when the handler's side has room for it, at
   * once if it has; from then on it will arrive unless the connection is lost.
   * A `Uint8Array` of more than 8 KiB must not be changed afterwards.
   *
   * @param input The message.
   * @throws {InternodeError} `InvalidPayload` or `MessageTooLarge` (only this
   * message is refused); `InvalidArgument` after `end` or where the contract
   * has no inputs; else what ended the stream.
   */
  send(input: Input): Promise<void> {
    if (this.#call.contract.inputCapacity === 0) {
      return Promise.reject(this.#misuse("its contract has no inputs"));
    }
    if (this.#ended) return Promise.reject(this.#misuse("its inputs were ended"));
    return this.#beforeOpen === null ? this.#send(input) : this.#sendLater(input);
  }

  /** A function of its own, because a function that makes a closure allocates memory at each call. */
  #sendLater(input: Input): Promise<void> {
    return this.#afterOpen(() => this.#send(input));
  }

  /** Ends this side's messages, behind those already sent. Any number of calls. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#beforeOpen === null) this.#end();
    else this.#afterOpen(() => Promise.resolve(this.#end())).catch(() => {});
  }

  /**
   * Ends the stream. Its handler's signal aborts, its iterator gets `return()`,
   * and its inputs end with an error: those it has not read are given up.
   *
   * @param reason What `for await` and `finished` reject with. Default: an `InternodeError` of code `Cancelled`.
   */
  cancel(reason?: unknown): void {
    this.#call.cancel(reason);
  }

  /** Resolves when the handler has ended well and all its messages have come; else rejects with what ended the stream. */
  get finished(): Promise<void> {
    return this.#call.finished;
  }

  /**
   * Resolves with the headers that the handler has set (`setHeaders`), before
   * the first output can be read. Without any it resolves with an empty object,
   * when the first output comes or the stream ends; it rejects with what ended
   * the stream if that came first. Without outputs in the contract, headers
   * come with the end. Made on first use; it need not be awaited.
   */
  get headers(): Promise<Readonly<Record<string, string>>> {
    return this.#call.answer.headers;
  }

  /**
   * Resolves with the trailers that the handler has set (`setTrailers`), behind
   * its last output, or with an empty object when the stream ends without any.
   * They also come with a handler's failure; it rejects with what ended the
   * stream if none have come. Made on first use; it need not be awaited.
   */
  get trailers(): Promise<Readonly<Record<string, string>>> {
    return this.#call.answer.trailers;
  }

  /** The handler's messages. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Output> {
    return this.#call.outputs;
  }

  /**
   * The handler's messages, for pipes: read them here or by iterating, not
   * both. Cancelling it cancels the stream. Always the same object.
   *
   * Raw bytes are a byte stream. A reader of mode `"byob"` has its buffer
   * filled, without any new memory; where messages begin and end is lost then.
   * Other readers get each message as a chunk of its own, which they may keep
   * or transfer; empty ones are skipped.
   */
  get readable(): ReadableStream<Output> {
    return this.#readable ??= this.#makeReadable();
  }

  /**
   * This side's messages, for pipes: each chunk is one. A `Uint8Array` of more
   * than 8 KiB is not copied: do not change it after it was written, and do not
   * use its buffer for the next chunk. Closing it ends them; aborting it cancels
   * the stream. It fails as soon as the stream does, also while nothing is
   * written: a pipe into it, `write` and a writer's `closed` then reject with
   * what ended the stream, and `close` with a `TypeError`, as the platform has it.
   */
  get writable(): WritableStream<Input> {
    return new WritableStream<Input>({
      start: (controller): void => {
        this.finished.catch((error) => controller.error(error));
      },
      write: (input): Promise<void> => this.send(input),
      close: async (): Promise<void> => {
        this.end();
        await this.#beforeOpen;
        const { ending } = this.#call;
        if (ending !== null && ending.error !== undefined) throw ending.error;
      },
      abort: (reason): void => this.cancel(reason),
    });
  }

  /** Cancels the stream if it has not ended. */
  [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
    return Promise.resolve();
  }

  #makeReadable(): ReadableStream<Output> {
    const { outputs, contract } = this.#call;
    const cancel = (reason: unknown): void => this.cancel(reason);
    if (contract.output.raw === true) {
      // Raw bytes are Uint8Arrays.
      return byteStreamOf(this.#call, cancel) as ReadableStream<unknown> as ReadableStream<Output>;
    }
    return new ReadableStream<Output>({
      pull: async (controller): Promise<void> => {
        const { done, value } = await outputs.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      cancel,
    }, { highWaterMark: 0 });
  }

  #send(input: Input): Promise<void> {
    const call = this.#call, send = call.send;
    if (call.ending !== null || send === null || send.ended) return Promise.reject(this.#over());
    try {
      const waiting = send.send(call.contract.input, input);
      return waiting === null ? SENT : accepted(waiting);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #end(): void {
    this.#call.send?.end(() => {}, this.#beginTurn());
  }

  /** Keeps the order of what is called before the stream is open. */
  #afterOpen(action: () => Promise<void>): Promise<void> {
    const done = this.#beforeOpen!.then(action);
    const settled = done.catch(() => {});
    this.#beforeOpen = settled;
    settled.then(() => {
      if (this.#beforeOpen === settled) this.#beforeOpen = null;
    });
    return done;
  }

  #over(): unknown {
    const { ending, contract } = this.#call;
    return ending?.error ??
      new InternodeError("Closed", `${contract.name}: the handler has ended the stream.`, {
        origin: "remote",
        outcome: "executed",
        handler: contract.name,
      });
  }

  #misuse(why: string): InternodeError {
    const { name } = this.#call.contract;
    return invalidArgument(`${name}: nothing can be sent on this stream: ${why}.`, {
      handler: name,
    });
  }
}

const SENT: Promise<void> = Promise.resolve();
