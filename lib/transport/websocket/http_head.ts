/**
 * The head of an HTTP/1 message, as far as a WebSocket connection begins with
 * one: of the request, and of what a server answers.
 *
 * @module
 */

/** The head of a message. */
export interface HttpHead {
  /** The first line. */
  readonly first: string;
  /** The fields by lower-case name; repeated fields are joined by commas. */
  readonly fields: ReadonlyMap<string, string>;
  /** The names of fields that appear more than once. */
  readonly repeated: ReadonlySet<string>;
}

/** Reads bytes: at most `into.length`, `null` at the end. */
export type Read = (into: Uint8Array<ArrayBuffer>) => Promise<number | null>;

/** What {@linkcode readHead} has found. */
export type HeadFound =
  | {
    readonly kind: "head";
    /** The head. */
    readonly bytes: Uint8Array<ArrayBuffer>;
    /** What was read beyond it. */
    readonly rest: Uint8Array<ArrayBuffer>;
  }
  /** The input has ended after `length` bytes. */
  | { readonly kind: "ended"; readonly length: number }
  | { readonly kind: "tooLong" }
  | { readonly kind: "notHttp" };

const TAB = 9, LF = 10, CR = 13, SPACE = 32, DELETE = 127, A = 65, Z = 90;
/** Proxies add a dozen at most; and with so few, names chosen to make a `Map` slow do not. */
const MAX_FIELDS = 256;
/** Most heads fit. */
const USUAL_BYTES = 1024;
/** Blank lines before the first line are not skipped. */
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Reads a head.
 *
 * @param read Where it comes from.
 * @param maxBytes How long it may be.
 * @returns The head and the bytes after it, or why there is none. Rejects as `read` does.
 */
export async function readHead(read: Read, maxBytes: number): Promise<HeadFound> {
  let bytes = new Uint8Array(Math.min(USUAL_BYTES, maxBytes)), length = 0;
  for (;;) {
    const count = await read(bytes.subarray(length));
    if (count === null) return { kind: "ended", length };
    // The new bytes may complete the end of the head.
    const from = Math.max(0, length - 3);
    length += count;
    if (length > 0 && !(bytes[0]! >= A && bytes[0]! <= Z)) return { kind: "notHttp" };
    const end = endOfHead(bytes.subarray(0, length), from);
    if (end >= 0) {
      return { kind: "head", bytes: bytes.subarray(0, end), rest: bytes.subarray(end, length) };
    }
    if (length === maxBytes) return { kind: "tooLong" };
    if (length === bytes.length) bytes = grown(bytes, Math.min(length * 4, maxBytes));
  }
}

function grown(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(length);
  larger.set(bytes);
  return larger;
}

/**
 * Finds the end of a head.
 *
 * @param bytes What has come.
 * @param from Where to begin to look. Default: at the beginning.
 * @returns Where the body begins; -1 if the head is not over.
 */
export function endOfHead(bytes: Uint8Array, from = 0): number {
  for (let at = bytes.indexOf(LF, from); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return at + 2;
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3;
  }
  return -1;
}

/**
 * Takes a head apart, by the grammar of RFC 9112 and no other: lines end with
 * CR LF and go on in no further one, there are no control characters, and no
 * blank stands before a colon. Whoever is in between could read the rest
 * otherwise.
 *
 * @param bytes The head, up to {@linkcode endOfHead}.
 * @returns Its parts; `undefined` if there is something in it that is no field, or more than 256 fields.
 */
export function parseHead(bytes: Uint8Array): HttpHead | undefined {
  if (!hasProperLines(bytes)) return undefined;
  const [first, ...lines] = utf8.decode(bytes).split("\r\n").slice(0, -2);
  if (first === undefined || lines.length > MAX_FIELDS) return undefined;
  const fields = new Map<string, string>(), repeated = new Set<string>();
  for (const line of lines) {
    const colon = line.indexOf(":"), name = line.slice(0, colon).toLowerCase();
    if (colon < 0 || !/^[!#$%&'*+.^`|~\w-]+$/.test(name)) return undefined;
    const value = withoutBlanks(line.slice(colon + 1)), before = fields.get(name);
    if (before !== undefined) repeated.add(name);
    fields.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return { first, fields, repeated };
}

function hasProperLines(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte >= SPACE ? byte !== DELETE : byte === TAB) continue;
    if (byte !== CR || bytes[++at] !== LF) return false;
  }
  return bytes.at(-3) === LF && bytes.at(-1) === LF;
}

/** Other kinds of space belong to the value. */
function withoutBlanks(value: string): string {
  let start = 0, end = value.length;
  while (start < end && isBlank(value.charCodeAt(start))) start++;
  while (end > start && isBlank(value.charCodeAt(end - 1))) end--;
  return value.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/**
 * The length of a message's body as its head says it (RFC 9112, 6.3).
 *
 * @param head The head.
 * @returns The length; `null` if it says none, `NaN` if what it says is no length.
 */
export function contentLength({ fields }: HttpHead): number | null {
  const value = fields.get("content-length");
  if (value === undefined) return null;
  return /^\d+$/.test(value) ? Number(value) : NaN;
}

/**
 * Whether a message has a body, or says something about one that is not clear.
 *
 * @param head The head.
 */
export function mayHaveBody(head: HttpHead): boolean {
  return head.fields.has("transfer-encoding") || (contentLength(head) ?? 0) !== 0;
}

/**
 * Whether a field's list holds a word, in whatever case.
 *
 * @param head The head.
 * @param name The field's name in lower case.
 * @param word The word in lower case.
 */
export function lists(head: HttpHead, name: string, word: string): boolean {
  const list = head.fields.get(name)?.toLowerCase().split(",") ?? [];
  return list.some((item) => withoutBlanks(item) === word);
}
