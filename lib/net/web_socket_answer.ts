/**
 * What a server answers to a request for WebSocket: the head of an HTTP
 * response, and the beginning of its text.
 *
 * @module
 */

/** The head of a response, and where it ends. */
export interface AnswerHead {
  /** The status, such as 101. */
  readonly status: number;
  /** The fields by lower-case name; what is repeated is joined by commas. */
  readonly fields: ReadonlyMap<string, string>;
}

/** Reads bytes: at most `into.length`, `null` at the end. */
export type Read = (into: Uint8Array<ArrayBuffer>) => Promise<number | null>;

const CR = 13, LF = 10;
const utf8 = new TextDecoder();

/**
 * Finds the end of a head.
 *
 * @param bytes What has come.
 * @returns Where the body begins; -1 if the head is not over.
 */
export function endOfHead(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return at + 2;
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3;
  }
  return -1;
}

/**
 * Takes a head apart.
 *
 * @param bytes The head, up to {@linkcode endOfHead}.
 * @returns Its parts; `undefined` if it is no head of HTTP/1.
 */
export function parseHead(bytes: Uint8Array): AnswerHead | undefined {
  const [first, ...lines] = utf8.decode(bytes).trimEnd().split(/\r?\n/);
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first!)?.[1];
  if (status === undefined) return undefined;
  const fields = new Map<string, string>();
  for (const line of lines) {
    const field = /^([^\s:]+):(.*)$/.exec(line);
    if (field === null) return undefined;
    const name = field[1]!.toLowerCase(), value = field[2]!.trim(), before = fields.get(name);
    fields.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return { status: Number(status), fields };
}

/**
 * Whether a field's list holds a word, in whatever case.
 *
 * @param head The head.
 * @param name The field's name in lower case.
 * @param word The word in lower case.
 */
export function lists(head: AnswerHead, name: string, word: string): boolean {
  const list = head.fields.get(name)?.toLowerCase().split(",") ?? [];
  return list.some((item) => item.trim() === word);
}

/**
 * Reads the beginning of a body as one line of text.
 *
 * @param head The head before it.
 * @param bytes Where it gathers; the most that is read.
 * @param length How much of it is there already.
 * @param read Reads on; when it fails, what is there must do.
 * @returns The text without whatever is no text.
 */
export async function readText(
  head: AnswerHead,
  bytes: Uint8Array<ArrayBuffer>,
  length: number,
  read: Read,
): Promise<string> {
  const chunked = lists(head, "transfer-encoding", "chunked");
  const announced = Number(head.fields.get("content-length") ?? Infinity);
  const whole = chunked || !(announced >= 0) ? bytes.length : Math.min(announced, bytes.length);
  try {
    while (length < whole && !(chunked && isLastChunkIn(bytes.subarray(0, length)))) {
      const count = await read(bytes.subarray(length));
      if (count === null) break;
      length += count;
    }
  } catch {
    // The status is known, which is the main thing.
  }
  const text = utf8.decode(bytes.subarray(0, Math.min(length, whole)));
  return printable(chunked ? withoutChunkSizes(text) : text);
}

function isLastChunkIn(bytes: Uint8Array): boolean {
  return /(?:^|\n)0+\r?\n\r?\n$/.test(utf8.decode(bytes));
}

/** Good enough for showing: sizes count bytes, and what is shown is mostly ASCII. */
function withoutChunkSizes(text: string): string {
  return text.replaceAll(/(?:^|\r\n)[0-9a-fA-F]+(?:;[^\r\n]*)?\r\n/g, "");
}

function printable(text: string): string {
  return text.replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]+/gu, " ").trim();
}
