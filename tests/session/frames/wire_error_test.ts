import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { sharedSecret } from "../../../lib/driver/shared_secret.ts";
import { InternodeError } from "../../../lib/errors.ts";
import {
  disconnected,
  endedByPeer,
  errorCode,
  errorNumber,
  errorText,
  lostCall,
  MAX_ERROR_DETAIL_BYTES,
  MAX_GOODBYE_TEXT_BYTES,
  PEER_CLOSES,
  protocolError,
  readError,
  readText,
  receivingFailed,
  writeError,
} from "../../../lib/session/frames/wire_error.ts";
import { ByteReader } from "../../../lib/wire/byte_reader.ts";
import { ByteWriter } from "../../../lib/wire/byte_writer.ts";
import { FrameType, INTERACTIVE_BYTES } from "../../../lib/wire/frame.ts";
import { encodeHello } from "../../../lib/session/frames/hello.ts";
import { rawFrame } from "../../support/session/raw_frames.ts";
import { peerHello, ScriptedPeer } from "../../support/session/scripted_peer.ts";

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

Deno.test("an error frame always fits into the interactive lane", () => {
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
  assertEquals(readError(FAILED, reader)!.name, "ABC");
  assertEquals(reader.takeBytes(reader.remaining), detail);
  const other = readerOf(written(failure("\u0003ABC"), detail));
  assertEquals(readError(FAILED, other)!.message, "ABC");
  assertEquals(other.takeBytes(other.remaining), detail);
});

Deno.test("text and name of a received error are safe to show", () => {
  const error = readError(
    FAILED,
    readerOf(written(failure("a\r\nb\u001b[31m", "N\u202eam"), null)),
  )!;
  assertEquals([error.message, error.name], ["a b [31m", "N am"]);
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

Deno.test("texts are cut at 4,096 bytes, names at 255, goodbyes at 2,048, and details are left out above 3,836", () => {
  const many = "a".repeat(5_000), reader = readerOf(written(failure(many, many), null));
  const { message, name } = readError(FAILED, reader)!;
  assertEquals([message.length, name!.length], [4_096, 255]);
  assertEquals([MAX_GOODBYE_TEXT_BYTES, MAX_ERROR_DETAIL_BYTES], [2_048, 3_836]);
  assertEquals([errorText(many).length, errorText(many, 7).length, errorText("é", 1).length], [
    4_096,
    7,
    0,
  ]);
  assertEquals(readText(readerOf(new TextEncoder().encode(many))).length, 4_096);
});

Deno.test("codes and outcomes of a later version read as what is safe", () => {
  assertEquals(errorCode(65_535, "Closed"), "Closed");
  const unknown = readError(65_535, readerOf(new Uint8Array([9, 0, 0, 0])))!;
  assertEquals([unknown.code, unknown.outcome, unknown.message], [
    "HandlerFailed",
    "maybeExecuted",
    "",
  ]);
  for (
    const [number, outcome] of ["notSent", "notExecuted", "maybeExecuted", "executed"].entries()
  ) {
    assertEquals(readError(FAILED, readerOf(new Uint8Array([number, 0, 0, 0])))!.outcome, outcome);
  }
});

Deno.test("an error frame is read within its bounds, among other bytes", () => {
  const bytes = written(failure("what", "Odd"), new Uint8Array([7, 8]));
  const among = new Uint8Array([1, 2, ...bytes, 3]), reader = new ByteReader();
  reader.reset(among, 2, 2 + bytes.length);
  const { message, name, hasDetail } = readError(FAILED, reader)!;
  assertEquals([message, name, hasDetail, reader.remaining], ["what", "Odd", true, 2]);
  for (let end = 0; end < bytes.length - 2; end++) {
    reader.reset(among, 2, 2 + end);
    assertEquals(readError(FAILED, reader), null, `${end} bytes`);
  }
});

Deno.test("what ended a connection is told with who caused it, and a call on it may have run", () => {
  const told = (error: InternodeError) => [error.code, error.origin, error.outcome];
  assertEquals(told(protocolError("x")), ["ProtocolError", "remote", "maybeExecuted"]);
  assertEquals(told(disconnected("x", "network")), ["Disconnected", "network", "maybeExecuted"]);
  const cause = new Error("odd"), own = protocolError("x");
  assertEquals(told(receivingFailed(cause)), ["ProtocolError", "local", "maybeExecuted"]);
  assertEquals([receivingFailed(cause).cause, receivingFailed(own)], [cause, own]);

  const ended = (number: number, inHandshake = false) =>
    endedByPeer(number, readText(readerOf(new TextEncoder().encode("a\n\u2028b"))), inHandshake);
  assertEquals(told(ended(errorNumber("GoingAway"))), ["GoingAway", "remote", "maybeExecuted"]);
  assertEquals(ended(errorNumber("GoingAway")).message, "a b");
  assertEquals(told(ended(errorNumber("PermissionDenied"))), [
    "PermissionDenied",
    "remote",
    "notSent",
  ]);
  // What number 10 says of a connection depends on what this side had proven when it came.
  for (const as of ["Unauthenticated", "PermissionDenied"] as const) {
    assertEquals(endedByPeer(10, "no", false, as).code, as);
    assertEquals(errorNumber(as), 10);
  }
  assertEquals(told(ended(errorNumber("Closed"), true)), ["PermissionDenied", "remote", "notSent"]);
  assertEquals(told(ended(errorNumber("Closed"))), ["Disconnected", "remote", "maybeExecuted"]);
  assertEquals(ended(65_535).message, "The peer ended the connection (Disconnected): a b.");
});

Deno.test("the error of a lost call says what ended its connection, and that the connection was lost", () => {
  const told: [code: InternodeError["code"], code: InternodeError["code"], message: string][] = [
    ["Closed", "Closed", "It ended."],
    ["Disconnected", "Disconnected", "It ended."],
    ["GoingAway", "GoingAway", "It ended."],
    ["ProtocolError", "Disconnected", "The connection was lost: It ended."],
    ["PermissionDenied", "Disconnected", "The connection was lost: It ended."],
  ];
  for (const [code, wanted, message] of told) {
    const cause = new InternodeError(code, "It ended.", { origin: "remote" });
    const lost = lostCall(cause, "notExecuted");
    assertEquals([lost.code, lost.message, lost.origin, lost.outcome], [
      wanted,
      message,
      "remote",
      "notExecuted",
    ]);
    assertEquals(lost.cause, code === "GoingAway" ? undefined : cause);
  }
});

Deno.test("the text of a closing peer's goodbye appears only if it adds something", () => {
  const told = (text: string): string => endedByPeer(errorNumber("Closed"), text).message;
  const plain = "The peer ended the connection, because it is closing.";
  assertEquals([told(""), told(PEER_CLOSES)], [plain, plain]);
  assertEquals(told("back at noon"), `${plain} It says: back at noon.`);
});

Deno.test("refusals as they were written while there was one code for them are understood", () => {
  // Recorded before code 10 was split: an error frame's payload, and a goodbye.
  const call = "01000c006d6179206e6f742063616c6c";
  const { code, outcome, message } = readError(10, readerOf(Uint8Array.fromHex(call)))!;
  assertEquals([code, outcome, message], ["PermissionDenied", "notExecuted", "may not call"]);
  const goodbye = Uint8Array.fromHex(
    "04000a007b00000000000000000000005468652068616e647368616b65207761732072656675736564206279207468697320736964653a20746865207065657227732070726f6f66206f662074686520736861726564207365637265742069732077726f6e673a20646f20626f74682073696465732068617665207468652073616d65207365637265743f",
  );
  for (
    const [secret, hasProven, as] of [
      [true, true, "Unauthenticated"],
      [true, false, "PermissionDenied"],
      [false, false, "Unauthenticated"],
    ] as const
  ) {
    const auth = secret ? sharedSecret("a secret of more than 16 bytes") : null;
    const peer = new ScriptedPeer("dialler", { auth });
    peer.expect(FrameType.hello);
    if (hasProven) {
      const payload = encodeHello(peerHello({ authenticates: true }));
      peer.send(rawFrame(FrameType.hello, { payload }));
      peer.expect(FrameType.proof);
    }
    peer.send(goodbye);
    assertEquals(peer.side.closed?.code, as);
    assertStringIncludes(peer.side.closed!.message, "proof of the shared secret is wrong");
  }
});
