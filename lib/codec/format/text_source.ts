/**
 * Source text that writes and reads short text, for the functions that
 * `generate.ts` makes.
 *
 * Each place gets a loop of its own instead of calling one that all share, and
 * keeps its position in a variable instead of the writer or reader. The lock
 * arguments with every text fresh (see bench/README.md): 177 ns to write and
 * 198 to read, with calls 220 and 250.
 *
 * The statements work on a cursor, variables of the function around them:
 * `bytes`, `view` and `at`, when reading also `end`. Before something else
 * uses the writer or reader its `position` is set, afterwards the cursor is
 * loaded again.
 *
 * @module
 */

/** Up to here a loop beats the runtime's encoder (measured: they meet at about 80 characters). */
const MAX_LOOP_CHARACTERS = 72;
/** Up to here a generated reader beats the runtime's decoder (measured: 180 against 330 ns at 100 bytes). */
export const MAX_GENERATED_BYTES = 100;
/** How much room {@linkcode writeTextSource} asks for. */
export const TEXT_ROOM_BYTES: number = MAX_LOOP_CHARACTERS + 2;

/** Takes the cursor from the writer; declare it with `let` before. */
export const LOAD_WRITER = "bytes = writer.bytes, view = writer.view, at = writer.position;";

/**
 * Source text that makes room.
 *
 * @param count How many bytes are about to be written.
 * @returns The statements.
 */
export function claimSource(count: number): string {
  return `if (at + ${count} > bytes.length) {
    writer.position = at;
    writer.ensure(${count});
    ${LOAD_WRITER}
  }`;
}

/**
 * Source text that writes one string.
 *
 * @param text A variable that holds the string. {@linkcode TEXT_ROOM_BYTES} of room are there.
 * @param maxBytes How many bytes it may have; `Infinity`: no limit.
 * @returns The statements; they also name `writer`, `writeEncoded` and `checkWritten`.
 */
export function writeTextSource(text: string, maxBytes: number): string {
  // In words, with one look at four characters; the last few one by one.
  return `{
    const length = ${text}.length, start = at;
    let i = 0;
    if (length <= ${MAX_LOOP_CHARACTERS}) {
      if (length < 32) bytes[at++] = 0xa0 | length;
      else {
        view.setUint16(at, 0xd900 | length);
        at += 2;
      }
      for (; i < length - 3; i += 4) {
        const a = ${text}.charCodeAt(i), b = ${text}.charCodeAt(i + 1);
        const c = ${text}.charCodeAt(i + 2), d = ${text}.charCodeAt(i + 3);
        if ((a | b | c | d) > 127) break;
        view.setInt32(at + i, a | b << 8 | c << 16 | d << 24, true);
      }
      for (; i < length; i++) {
        const code = ${text}.charCodeAt(i);
        if (code > 127) break;
        bytes[at + i] = code;
      }
    }
    if (i === length) at += length;
    else {
      writer.position = start;
      writeEncoded(${text}, writer);
      ${LOAD_WRITER}
    }
    ${
    maxBytes === Infinity
      ? ""
      : `if (at - start > ${maxBytes}) checkWritten(at - start, ${maxBytes});`
  }
  }`;
}

/**
 * Source text that reads one string.
 *
 * @param target The variable that gets it.
 * @param maxBytes How many bytes it may have; `Infinity`: no limit.
 * @param read A variable that holds the function for what is not short and ASCII.
 * @returns The statements; they also name `reader` and `asciiReaders`.
 */
export function readTextSource(target: string, maxBytes: number, read: string): string {
  return `{
    const head = at < end ? bytes[at] : 0;
    let from = at + 1, length = ${MAX_GENERATED_BYTES + 1};
    if ((head & 0xe0) === 0xa0) length = head & 0x1f;
    else if (head === 0xd9 && from < end) length = bytes[from++];
    ${target} = length <= ${Math.min(MAX_GENERATED_BYTES, maxBytes)} && length <= end - from
      ? asciiReaders[length](view, from)
      : undefined;
    if (${target} !== undefined) at = from + length;
    else {
      reader.position = at;
      ${target} = ${read}(reader);
      at = reader.position;
    }
  }`;
}
