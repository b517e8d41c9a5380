import { assert, assertEquals } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import {
  endedByPeer,
  errorNumber,
  MAX_ERROR_DETAIL_BYTES,
  readError,
  writeError,
} from "../../lib/session/wire_error.ts";
import { ByteReader } from "../../lib/wire/byte_reader.ts";
import { ByteWriter } from "../../lib/wire/byte_writer.ts";
import { INTERACTIVE_BYTES } from "../../lib/wire/frame.ts";

const FAILED = errorNumber("HandlerFailed");

function written(error: InternodeError, detail: Uint8Array | null): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(8);
  writeError(writer, error, detail);
  return writer.bytes.slice(0, writer.position);
}

function readerOf(bytes: Uint8Array<ArrayBuffer>): ByteReader {
  const reader = new ByteReader();
  reader.reset(bytes, 0, bytes.length);
  return reader;
}

function failure(message: string, remoteName?: string): InternodeError {
  return new InternodeError("HandlerFailed", message, { outcome: "executed", remoteName });
}

Deno.test("the usual name takes no byte", () => {
  const unnamed = written(failure("x"), null);
  assertEquals(written(failure("x", "Error"), null), unnamed);
  assertEquals(readError(FAILED, readerOf(unnamed))!.name, "Error");
});

Deno.test("an error frame is small enough for the interactive lane, whatever it tells", () => {
  for (const character of ["a", "ü", "✓", "🙂", "\ud800"]) {
    const many = character.repeat(100_000);
    for (const size of [0, MAX_ERROR_DETAIL_BYTES, MAX_ERROR_DETAIL_BYTES + 1, 1_000_000]) {
      const bytes = written(failure(many, many), new Uint8Array(size));
      assert(bytes.length <= INTERACTIVE_BYTES, `${bytes.length} bytes`);
      const reader = readerOf(bytes);
      const { message, name, hasDetail } = readError(FAILED, reader)!;
      const shown = many.toWellFormed();
      assert(shown.startsWith(message) && message.length > 1000);
      assert(shown.startsWith(name!) && name!.length > 60);
      assertEquals(hasDetail, size <= MAX_ERROR_DETAIL_BYTES);
      assertEquals(reader.remaining, hasDetail ? size : 0);
    }
  }
});

Deno.test("a name cannot look like a detail, or a text like a name", () => {
  const detail = new Uint8Array([3, 65, 66, 67]);
  const reader = readerOf(written(failure("", "\u0003ABC"), detail));
  assertEquals(readError(FAILED, reader)!.name, "\u0003ABC");
  assertEquals(reader.takeBytes(reader.remaining), detail);
  const other = readerOf(written(failure("\u0003ABC"), detail));
  assertEquals(readError(FAILED, other)!.message, "\u0003ABC");
  assertEquals(other.takeBytes(other.remaining), detail);
});

Deno.test("a name that is not UTF-8 shows as U+FFFD", () => {
  const reader = readerOf(new Uint8Array([3, 2, 1, 0, 120, 3, 0xff, 0xfe, 65]));
  assertEquals(readError(FAILED, reader)!.name, "\ufffd\ufffdA");
});

Deno.test("only what a handler threw has a name", () => {
  const bytes = written(failure("x", "Odd"), null);
  assertEquals(readError(errorNumber("Overloaded"), readerOf(bytes))!.name, undefined);
});

Deno.test("a name that reaches beyond its frame is a breach", () => {
  for (const bytes of [[3, 2, 1, 0, 120], [3, 2, 1, 0, 120, 1], [3, 2, 1, 0, 120, 255, 65]]) {
    assertEquals(readError(FAILED, readerOf(new Uint8Array(bytes))), null);
  }
});

Deno.test("any bytes are read or refused, and nothing beyond them is touched", () => {
  for (let value = 0; value < 65_536; value++) {
    const head = [value & 0xff, value >> 8 & 3, value >> 10 & 7, 0];
    const bytes = new Uint8Array([...head, 1, 2, 3, 4, 5, 6, 7]);
    const reader = new ByteReader();
    reader.reset(bytes, 0, 4 + (value >> 13));
    const parts = readError(FAILED, reader);
    assert(reader.position <= reader.end);
    if (parts === null) assertEquals(reader.position, 0);
  }
});

Deno.test("a goodbye without a text still gives a reason", () => {
  for (const code of ["GoingAway", "Closed"] as const) {
    assert(endedByPeer(errorNumber(code), "").message.length > 10);
  }
});
