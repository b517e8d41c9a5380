/**
 * Handing keys over to the nodes that own them.
 *
 * @module
 */

import { type Connection, InternodeError, type Manager, type Stream } from "@internode/grid";
import { abortable, delay } from "@std/async";
import { type Entry, handOver, settled } from "./contracts.ts";
import type { KeyStore } from "./key_store.ts";
import type { Placement } from "./placement.ts";

/** So many keys go at a time: requests for them wait until they have arrived. */
const BATCH = 64;
const TIMEOUT_MS = 5_000;
const AGAIN_MS = 50;
const EXPECTED: ReadonlySet<string> = new Set([
  "DeadlineExceeded",
  "NotListed",
  "Closed",
  "GoingAway",
]);

/** Moves what a node does not own, and asks others whether they have, whenever owners change, until the signal aborts. */
export async function moveKeys(grid: Manager, store: KeyStore, signal: AbortSignal): Promise<void> {
  /** The placement that each node was asked about last. */
  const asked = new Map<string, Placement>();
  while (!signal.aborted) {
    const { changed, placement } = store;
    const moves = [...store.misplaced()].map(([owner, keys]) =>
      handOverTo(grid, store, owner, keys)
    );
    await Promise.all(moves);
    for (const { host } of grid.connections()) {
      if (placement === null || asked.get(host) === placement) continue;
      asked.set(host, placement);
      // It answers when it is so, which may depend on this node.
      ask(grid, store, host, placement, signal).then((isAnswered) => {
        if (!isAnswered) asked.delete(host); // it has left, and may come again
      });
    }
    await abortable(changed, signal).catch(() => {});
  }
}

/** What is refused stays, and is tried again when something changes. */
async function handOverTo(
  grid: Manager,
  store: KeyStore,
  owner: string,
  keys: readonly string[],
): Promise<void> {
  if (!grid.hosts.includes(owner)) return;
  await using line = new HandOverLine(grid.connection(owner), () => grid.hosts.includes(owner));
  for (let at = 0; at < keys.length; at += BATCH) {
    await store.move(keys.slice(at, at + BATCH), (entries) => line.send(entries));
  }
}

/** A stream of keys to one node, opened again where it breaks. */
class HandOverLine implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #isWanted: () => boolean;
  #stream: Stream<Entry[], string[]> | null = null;
  #answers: AsyncIterator<string[]> | null = null;

  constructor(connection: Connection, isWanted: () => boolean) {
    this.#connection = connection;
    this.#isWanted = isWanted;
  }

  /** Sends keys, as often as it takes to learn which are refused; a key that comes twice is taken once. */
  async send(entries: Entry[]): Promise<readonly string[]> {
    while (this.#isWanted()) {
      try {
        const stream = this.#stream ??= this.#connection.stream(handOver, {}, {
          waitForReady: true,
        });
        this.#answers ??= stream[Symbol.asyncIterator]();
        await stream.send(entries);
        const answer = await this.#answers.next();
        if (answer.done !== true) return answer.value;
      } catch (error) {
        console.warn(`Keys for ${this.#connection.host} are sent again: ${error}`);
      }
      this.#stream = this.#answers = null;
      await delay(AGAIN_MS);
    }
    return entries.map(({ key }) => key);
  }

  /** Ends the stream, behind all that was sent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stream?.end();
    await this.#stream?.finished.catch(() => {});
  }
}

/** Asks a node until it has answered, or need not any more; says which. */
async function ask(
  grid: Manager,
  store: KeyStore,
  host: string,
  placement: Placement,
  signal: AbortSignal,
): Promise<boolean> {
  const options = { waitForReady: true, timeoutMs: TIMEOUT_MS, signal };
  while (!signal.aborted && placement === store.placement && grid.hosts.includes(host)) {
    try {
      await grid.connection(host).request(settled, { placement: placement.id }, options);
      store.onSettled(host, placement);
      return true;
    } catch (error) {
      const isOwn = error instanceof InternodeError;
      // It is asked again if it has no answer yet. One that leaves need not answer.
      if (!signal.aborted && !(isOwn && EXPECTED.has(error.code))) console.warn(`${error}`);
      await delay(AGAIN_MS);
    }
  }
  return false;
}
