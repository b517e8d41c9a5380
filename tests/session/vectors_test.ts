import { assert, assertEquals } from "@std/assert";
import { sharedSecret } from "../../lib/driver/shared_secret.ts";
import { takeAnswerMetadata } from "../../lib/session/frames/answer_metadata.ts";
import { decodeName } from "../../lib/session/frames/handler_name.ts";
import { decodeHello, encodeHello } from "../../lib/session/frames/hello.ts";
import { decodeMetadata } from "../../lib/session/frames/metadata.ts";
import { callErrorNumber, errorCode, readError } from "../../lib/session/frames/wire_error.ts";
import type { ErrorCode } from "../../lib/errors.ts";
import { dials } from "../../lib/grid/dialler.ts";
import { decodePayload } from "../../lib/rpc/contract/payload.ts";
import { ByteReader } from "../../lib/wire/byte_reader.ts";
import { FrameType } from "../../lib/wire/frame.ts";
import { allVectors } from "../vectors/build.ts";
import {
  answer,
  type ConversationRecipe,
  CONVERSATIONS,
  pairFor,
  type Turn,
} from "../vectors/conversations.ts";
import conversations from "../vectors/conversations.json" with { type: "json" };
import envelopes from "../vectors/envelopes.json" with { type: "json" };
import errors from "../vectors/errors.json" with { type: "json" };
import frames from "../vectors/frames.json" with { type: "json" };
import methodKeys from "../vectors/method_keys.json" with { type: "json" };
import metadata from "../vectors/metadata.json" with { type: "json" };
import diallers from "../vectors/diallers.json" with { type: "json" };
import tokens from "../vectors/tokens.json" with { type: "json" };
import values from "../vectors/values.json" with { type: "json" };
import { VALUE_RECIPES } from "../vectors/values.ts";
import { joined, parseFrames, rawFrame, typeName } from "../support/session/raw_frames.ts";
import { ScriptedPeer } from "../support/session/scripted_peer.ts";

function readerOf(hex: string): ByteReader {
  const bytes = Uint8Array.fromHex(hex), reader = new ByteReader();
  reader.reset(bytes, 0, bytes.length);
  return reader;
}

Deno.test("what is encoded today is what the vectors say", async () => {
  const today = await allVectors();
  const stored: Record<string, readonly unknown[]> = {
    "frames.json": frames,
    "envelopes.json": envelopes,
    "errors.json": errors,
    "metadata.json": metadata,
    "conversations.json": conversations,
    "tokens.json": tokens,
    "method_keys.json": methodKeys,
    "values.json": values,
    "diallers.json": diallers,
  };
  for (const [file, vectors] of Object.entries(today)) {
    vectors.forEach((vector, index) => assertEquals(stored[file]?.[index], vector, file));
    assertEquals(stored[file]?.length, vectors.length, file);
  }
});

Deno.test("there is a vector for each type of frame", () => {
  const inFrames = new Set(frames.map(({ type }) => type));
  // A proof depends on a whole handshake, so it stands in the conversations.
  const proofs = conversations.flatMap(({ turns, bytes }) =>
    bytes ? [] : turns.flatMap(({ hex }) => parseFrames(Uint8Array.fromHex(hex)))
  ).filter(({ type }) => type === FrameType.proof);
  assert(proofs.length > 0);
  for (const type of Object.values(FrameType)) {
    if (type !== FrameType.proof) assert(inFrames.has(type), typeName(type));
  }
});

/** Written down by hand from the tables of PROTOCOL.md. */
const BY_HAND: Record<string, string> = {
  "drain": "05 00 0000 00000000 00000000 00000000",
  "drain that asks for a renewal": "05 00 0000 00000000 00000000 01000000",
  "drain after a renewal": "05 00 0000 00000000 00000000 02000000",
  "goodbye after a renewal": "04 00 0e00 0d000000 00000000 01000000 6f70656e20697420616761696e",
  "goodbye of who may have run calls":
    "04 00 0c00 14000000 00000000 00000000 74686973206e6f646520697320636c6f73696e67",
  "welcome without a secret": "03 00 0000 00000000 00000000 00000000",
  "pong": "08 00 0000 00000000 00000000 04030201",
  "name": "06 00 0000 0e000000 00000000 00000000 0c00 6c6f636b2e61637175697265",
  "name given anew": "06 00 3f00 0e000000 00000000 00000000 0c00 6c6f636b2e61637175697265",
  "request": "10 00 0000 05000000 00001000 dc050000 0001020304",
  "request without a deadline, payload null": "10 01 0000 00000000 00001000 ffffffff",
  "request, payload absent": "10 02 0000 00000000 00001000 ffffffff",
  "request, payload empty": "10 00 0000 00000000 00001000 ffffffff",
  "request with metadata":
    "10 04 0000 10000000 00002000 ffffffff 0b00 0500 7472616365 0200 6131 000102",
  "open": "11 00 0000 0a000000 00001000 ffffffff 10000000 04000000 0001",
  "input": "12 00 0000 04000000 00001000 01000000 00010203",
  "end of inputs": "13 00 0000 00000000 00001000 02000000",
  "cancel of a request": "14 00 0400 09000000 00001000 00000000 75736572206c656674",
  "output credit": "15 00 0000 04000000 00001000 02000000 14010000",
  "response": "20 00 0000 06000000 00001000 00000000 000102030405",
  "response, payload null": "20 01 0000 00000000 00001000 00000000",
  "error":
    "21 00 0600 17000000 00001000 00000000 03 00 1300 6469736b2066756c6c3a202f6465762f736462",
  "output, payload absent": "22 02 0000 00000000 01001000 01000000",
  "end of outputs": "23 00 0000 00000000 01001000 01000000",
  "response with metadata":
    "20 04 0000 11000000 00001000 00000000 0a00 0400 65746167 0200 6131 0000 000102",
  "headers of a stream": "22 04 0000 0e000000 01001000 00000000 0a00 0400 65746167 0200 6131 0000",
  "trailers of a stream": "22 04 0000 0d000000 01001000 01000000 0000 0900 0300 73756d 0200 6666",
  "end of a stream without outputs, with metadata":
    "23 00 0000 17000000 02001000 00000000 0a00 0400 65746167 0200 6131 0900 0300 73756d 0200 6666",
  "input credit": "24 00 0000 04000000 01001000 04000000 00020000",
};

for (const [name, hex] of Object.entries(BY_HAND)) {
  Deno.test(`vector "${name}" is what a hand would write`, () => {
    assertEquals(frames.find((vector) => vector.name === name)?.hex, hex.replaceAll(" ", ""));
  });
}

for (const vector of frames) {
  Deno.test(`frame "${vector.name}" has the fields that its vector says`, () => {
    const bytes = Uint8Array.fromHex(vector.hex);
    const { type, flags, code, length, id, argument, payloadHex } = vector;
    const payload = Uint8Array.fromHex(payloadHex);
    assertEquals(rawFrame(type, { flags, code, id, argument, payload }), bytes);
    assertEquals([length, vector.typeName], [payload.length, typeName(type)]);
    if (type === FrameType.hello) {
      const hello = decodeHello(readerOf(payloadHex));
      assert(typeof hello !== "string");
      assertEquals(encodeHello(hello), payload);
      assert(vector.description.includes(`from ${hello.name}`));
    } else if (type === FrameType.name) {
      const { name, subroute } = decodeName(readerOf(payloadHex));
      assert(vector.description.includes(name) && vector.description.includes(subroute));
    } else if (type === FrameType.error) {
      const parts = readError(code, readerOf(payloadHex))!;
      assert(
        vector.description.includes(`code ${parts.code}, outcome ${parts.outcome}`) ||
          parts.hasDetail,
      );
    }
  });

  Deno.test(`frame "${vector.name}" changed anywhere never throws out of a session`, () => {
    const bytes = Uint8Array.fromHex(vector.hex);
    const before = frames.find(({ name }) => name === "name")!;
    for (let at = 0; at < Math.min(bytes.length, 40); at++) {
      for (const value of [0, 1, 0x80, 0xff, bytes[at]! ^ 4]) {
        const changed = bytes.slice(0, 2000);
        changed[at] = value;
        for (const role of ["acceptor", "dialler"] as const) {
          const peer = ScriptedPeer.open(role);
          peer.send(Uint8Array.fromHex(before.hex));
          peer.send(changed);
          const { closed, session } = peer.side;
          assertEquals(session.state, closed === null ? "open" : "closed");
        }
      }
    }
  });
}

/** Written down by hand from PROTOCOL.md. */
const ERRORS_BY_HAND: Record<string, string> = {
  "HandlerFailed": "01 00 0700 62656361757365",
  "with a name": "03 02 0900 6e6f6e65206c656674 0a 4f75744f6653746f636b",
  "with a name and a detail": "03 03 0400 6c656572 07 4772c3b6c39f65 000102",
  "with an empty name": "03 02 0100 78 00",
  "without a text, with an empty detail": "03 01 0000",
  "with a name, metadata and a detail":
    "03 07 0400 6c656572 07 4772c3b6c39f65 0000 0900 0300 73756d 0200 6666 000102",
};

for (const [name, hex] of Object.entries(ERRORS_BY_HAND)) {
  Deno.test(`error "${name}" is what a hand would write`, () => {
    assertEquals(errors.find((vector) => vector.name === name)?.hex, hex.replaceAll(" ", ""));
  });
}

for (const vector of errors) {
  const { name, hex, code, codeNumber, outcome, message, remoteName, detailHex, metadataHex } =
    vector;
  Deno.test(`error "${name}" is read back`, () => {
    const reader = readerOf(hex);
    assertEquals(readError(codeNumber, reader), {
      code: code as ErrorCode,
      outcome: outcome as "notSent",
      message,
      name: remoteName ?? (code === "HandlerFailed" ? "Error" : undefined),
      hasDetail: detailHex !== null,
      hasMetadata: metadataHex !== null,
    });
    assertEquals(callErrorNumber(code as ErrorCode), codeNumber);
    assertEquals(errorCode(codeNumber, "Closed"), code as ErrorCode);
    const rest = `${metadataHex ?? ""}${detailHex ?? ""}`;
    assertEquals(reader.bytes.slice(reader.position, reader.end).toHex(), rest);
    if (metadataHex !== null) {
      const { headers, trailers } = takeAnswerMetadata(reader);
      assertEquals([{ ...headers }, { ...trailers }], [{}, { sum: "ff" }]);
    }
    assertEquals(reader.bytes.slice(reader.position, reader.end).toHex(), detailHex ?? "");
    const whole = hex.length / 2 - rest.length / 2;
    for (let short = 0; short < whole; short++) {
      assertEquals(readError(codeNumber, readerOf(hex.slice(0, short * 2))), null);
    }
  });
}

for (const { name, hex, entries } of metadata) {
  Deno.test(`metadata "${name}" is read back, and what follows it stays`, () => {
    const reader = readerOf(hex + "abcd");
    assertEquals(Object.entries(decodeMetadata(reader)), [
      ...new Map(entries as [string, string][]),
    ]);
    assertEquals(reader.remaining, 2);
  });
}

/** Written down by hand from PROTOCOL.md. */
const VALUES_BY_HAND: Record<string, string> = {
  "true": "c3",
  "small": "7f",
  "16 bits": "cd 0100",
  "beyond 32 bits": "cf 0000000100000000",
  "negative": "d0 df",
  "positive": "cc c8",
  "float": "cb 3ff0000000000000",
  "bigint of 64 bits": "cf 8000000000000000",
  "larger bigint": "c4 09 010000000000000000",
  "smaller bigint": "c4 09 ff0000000000000000",
  "text": "a7 6772c3b6c39f65",
  "bytes": "c4 02 0102",
  "second": "d6 ff 684ee180",
  "millisecond": "d7 ff 003d090000000000",
  "before 1970": "c7 0c ff 3b8b87c0 ffffffffffffffff",
  "literal": "cb 3ff8000000000000",
  "enumeration": "a1 62",
  "record": "82 a4 73697a65 03 a5 6166746572 a1 78",
  "record without its optional field": "81 a4 73697a65 03",
  "union": "83 a4 6b696e64 a5 73697a6564 a4 6e616d65 a1 61 a4 73697a65 03",
  "list": "93 01 02 03",
  "tuple": "92 01 a1 61",
  "map": "81 a1 61 01",
  "null in a list": "92 01 c0",
  "null as a whole": "",
  "absent as a whole": "",
  "nothing": "",
  "dynamic": "96 01 ff cb 41f0000000000000 cb 3ff8000000000000 a1 61 c0",
  "dynamic null": "c0",
  "dynamic bigint": "cf 0000000000000001",
  "raw": "01 02",
  "empty raw": "",
};

for (const { name, kind, hex } of values) {
  Deno.test(`value "${name}" is what a hand would write, and read back`, () => {
    assertEquals(hex, VALUES_BY_HAND[name]?.replaceAll(" ", ""));
    const { codec, value } = VALUE_RECIPES.find((recipe) => recipe.name === name)!;
    assertEquals(decodePayload(codec, kind, readerOf(hex)), value);
  });
}

for (const { name, hosts, dialler } of diallers) {
  Deno.test(`of two hosts, ${name}: one dials, and both know which`, () => {
    const [one, two] = hosts as [string, string];
    assertEquals([dials(one, two), dials(two, one)], [dialler === one, dialler === two]);
  });
}

for (const { name, token, hex, secret, from, to, issuedMs } of tokens) {
  Deno.test(`the ${name} of an upgrade request is believed`, () => {
    const auth = sharedSecret(secret);
    assertEquals(auth.checkToken(token, to, issuedMs + 1000), {
      name: from,
      id: hex.slice(2 * 9, 2 * 25),
      issuedMs,
      expiresMs: issuedMs + 330_000,
    });
    assert("refusal" in auth.checkToken(token, from, issuedMs));
    assertEquals(Uint8Array.fromBase64(token, { alphabet: "base64url" }).toHex(), hex);
  });
}

/** Feeds what one side has said to a fresh session and gives what that one says. */
function replay(recipe: ConversationRecipe, turns: readonly Turn[], chunk: number): Turn[] {
  const { pair, kept } = pairFor(recipe);
  const said: Turn[] = [];
  const { acceptor } = pair;
  const hear = (): void => {
    while (acceptor.session.hasOutput) {
      acceptor.drain();
      acceptor.written();
    }
    const pieces = acceptor.transit.splice(0);
    if (recipe.bytes && pieces.length > 0) pieces.push(joined(...pieces.splice(0)));
    for (const piece of pieces) said.push({ from: "acceptor", hex: piece.toHex() });
  };
  for (const { from, hex } of turns) {
    if (from === "acceptor") continue;
    const bytes = Uint8Array.fromHex(hex);
    if (!recipe.bytes) acceptor.receiveBatch(bytes);
    else {
      for (let at = 0; at < bytes.length;) {
        at += acceptor.receiveBytes(bytes.subarray(at, at + chunk));
      }
    }
    hear();
    const isLast = turns.findLast((turn) => turn.from === "dialler")?.hex === hex;
    if (recipe.act === undefined || acceptor.session.incoming.draining) continue;
    if (kept.requests.length === 0 && !isLast) continue;
    answer(pair, kept);
    hear();
  }
  return said;
}

for (const recipe of CONVERSATIONS) {
  const vector = conversations.find(({ name }) => name === recipe.name)!;
  const turns = vector.turns as Turn[];

  Deno.test(`conversation "${recipe.name}": the acceptor answers the dialler's recorded words`, () => {
    const recorded = turns.filter(({ from }) => from === "acceptor");
    for (const chunk of recipe.bytes ? [Infinity, 1, 17] : [Infinity]) {
      const said = replay(recipe, turns, chunk);
      assertEquals(said, recorded);
    }
  });

  Deno.test(`conversation "${recipe.name}": the proofs are what its secret makes of the transcript`, () => {
    if (vector.secret === null) return;
    const auth = sharedSecret(vector.secret);
    const transcript = Uint8Array.fromHex(vector.transcriptHex!);
    assertEquals(auth.prove("dialler", transcript).toHex(), vector.diallerProofHex);
    assertEquals(auth.prove("acceptor", transcript).toHex(), vector.acceptorProofHex);
    const spoken = turns.map(({ hex }) => hex).join("");
    const refused = recipe.name.startsWith("refused");
    assertEquals(spoken.includes(vector.diallerProofHex!), !refused);
    assertEquals(spoken.includes(vector.acceptorProofHex!), !refused);
    if (vector.sealedHex === null) return;
    const sealed = Uint8Array.fromHex(vector.sealedHex);
    assertEquals(auth.seal!(sealed, "tcp://b:2")?.toHex(), vector.sealHex);
    assertEquals(auth.checkSeal!(sealed, Uint8Array.fromHex(vector.sealHex!), "tcp://a:1"), true);
    assertEquals(spoken.includes(vector.sealHex!), !refused);
  });
}
