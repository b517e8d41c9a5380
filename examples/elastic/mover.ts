/**
 * Handing keys over to the nodes that own them.
 *
 * @module
 */

import { type Connection, InternodeError, type Manager, type Stream } from "@internode/grid";
import { abortable, delay } from "@std/async";
import { type Entry, handOver, settled } from "./contracts.ts";
import type { KeyStore } from "./key_store.ts";

/** So many keys go at a time: requests for them wait until they have arrived. */
const BATCH = 64;
const TIMEOUT_MS = 5_000;
const AGAIN_MS = 50;
const LEAVING: ReadonlySet<string> = new Set(["NotListed", "Closed", "GoingAway"]);

/** Moves what a node does not own, whenever owners change, until the signal aborts. */
export async function moveKeys(grid: Manager, store: KeyStore, signal: AbortSignal): Promise<void> {
  /** What each node was told last. */
  const told = new Map<string, string>();
  while (!signal.aborted) {
    const { changed, placement } = store;
    const moves = [...store.misplaced()].map(([owner, keys]) =>
      handOverTo(grid, store, owner, keys)
    );
    await Promise.all(moves);
    if (placement !== null && placement === store.placement && store.misplaced().size === 0) {
      await Promise.all(
        grid.connections().map(async ({ host }) => {
          if (told.get(host) === placement.id) return;
          if (await tell(grid, host, placement.id)) told.set(host, placement.id);
        }),
      );
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

async function tell(grid: Manager, host: string, placement: string): Promise<boolean> {
  try {
    const options = { waitForReady: true, timeoutMs: TIMEOUT_MS };
    await grid.connection(host).request(settled, { placement }, options);
    return true;
  } catch (error) {
    // One that is about to leave, or has left, needs to know nothing.
    if (!(error instanceof InternodeError && LEAVING.has(error.code))) console.warn(`${error}`);
    return false;
  }
}
