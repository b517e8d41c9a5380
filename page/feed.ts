/**
 * What the server sends, for as long as the page is seen.
 *
 * @module
 */

/** After how long a lost connection is made again, in milliseconds. */
const RETRY_MS = 1_000;
/** The session's storage keeps the token under this name, for when the page is loaded again. */
const TOKEN = "internode-token";

/** How a feed stands. */
export type FeedState = "connecting" | "live" | "lost" | "refused";

/** Hears a feed. */
export interface FeedListener<Message> {
  /** A message has come; the first one since the connection was made, or a later one. */
  onMessage(message: Message, isFirst: boolean): void;
  /** It stands otherwise. */
  onState(state: FeedState, why: string): void;
}

/** Takes the token out of the page's URL, where nobody else is to see it. */
export function takeToken(): string {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given !== null) {
    sessionStorage.setItem(TOKEN, given);
    history.replaceState(null, "", location.pathname);
  }
  return given ?? sessionStorage.getItem(TOKEN) ?? "";
}

/** A stream of events. It is left while nobody sees the page, so that it costs nothing then. */
export class Feed<Message> {
  readonly #path: string;
  readonly #token: string;
  readonly #listener: FeedListener<Message>;
  #ending = new AbortController();

  /** Begins at once. */
  constructor(path: string, token: string, listener: FeedListener<Message>) {
    this.#path = path;
    this.#token = token;
    this.#listener = listener;
    document.addEventListener("visibilitychange", this.#onVisibility);
    if (!document.hidden) void this.#run(this.#ending.signal);
  }

  /** Ends it. */
  close(): void {
    document.removeEventListener("visibilitychange", this.#onVisibility);
    this.#ending.abort();
  }

  readonly #onVisibility = (): void => {
    this.#ending.abort();
    if (document.hidden) return;
    this.#ending = new AbortController();
    void this.#run(this.#ending.signal);
  };

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#read(signal);
        this.#tell(signal, "lost", "");
      } catch (error) {
        if (error instanceof Refusal) {
          return this.#tell(signal, "refused", error.message);
        }
        this.#tell(signal, "lost", "");
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  #tell(signal: AbortSignal, state: FeedState, why: string): void {
    if (!signal.aborted) this.#listener.onState(state, why);
  }

  async #read(signal: AbortSignal): Promise<void> {
    const headers: Record<string, string> = this.#token === ""
      ? {}
      : { authorization: `Bearer ${this.#token}` };
    const response = await fetch(this.#path, {
      headers,
      signal,
      cache: "no-store",
    });
    if (!response.ok || response.body === null) {
      const why = (await response.text()).trim();
      if (response.status >= 500) throw new Error(why);
      throw new Refusal(why);
    }
    this.#tell(signal, "live", "");
    const reader = response.body.pipeThrough(new TextDecoderStream())
      .getReader();
    let text = "", isFirst = true;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += value;
      const events = text.split("\n\n");
      text = events.pop() ?? "";
      for (const event of events) {
        if (!event.startsWith("data: ") || signal.aborted) continue;
        this.#listener.onMessage(JSON.parse(event.slice(6)) as Message, isFirst);
        isFirst = false;
      }
    }
  }
}

/** The server does not give it, and will not if it is asked again. */
class Refusal extends Error {}
