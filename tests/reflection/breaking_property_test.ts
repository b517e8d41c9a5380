/**
 * Whether `breaking` is right: random contracts, and what later versions make of
 * them. If nothing breaks, each side reads all that the other writes; if something
 * does, there is a value that shows it.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import * as t from "../../lib/codec/mod.ts";
import { InternodeError } from "../../lib/errors.ts";
import { breaking, codecOf, type Description } from "../../lib/reflection/mod.ts";
import { refusalsOf } from "../../lib/reflection/refusals.ts";
import { decodePayload } from "../../lib/rpc/contract/payload.ts";
import { PayloadKind } from "../../lib/wire/frame.ts";
import { seededRandom } from "../codec/random.ts";
import { evolve, makePayload, ValueMaker } from "./random_description.ts";

/** Sends a value as a frame does; `null` if the writer cannot send it. */
function received(
  writer: t.Codec<unknown>,
  reader: t.Codec<unknown>,
  value: unknown,
): "read" | "refused" | null {
  let kind: number = value === undefined ? PayloadKind.absent : PayloadKind.bytes;
  if (value === null && writer.nullable === true) kind = PayloadKind.null;
  const bytes = new t.ByteReader();
  try {
    const encoded = kind === PayloadKind.bytes ? t.toBytes(writer, value) : new Uint8Array();
    bytes.reset(encoded, 0, encoded.length);
  } catch (error) {
    assert(error instanceof InternodeError && error.code === "InvalidPayload", String(error));
    return null;
  }
  try {
    decodePayload(reader, kind, bytes);
    return "read";
  } catch (error) {
    assert(error instanceof InternodeError && error.code === "InvalidPayload", String(error));
    return "refused";
  }
}

const random = seededRandom("breaking");
const ROUNDS = 300;
const VALUES = 40;
/** So many values are tried until one shows what is refused. */
const WITNESSES = 4_000;

function show(written: Description, read: Description): string {
  return `seed ${random.seed}\n${JSON.stringify(written)}\n${JSON.stringify(read)}`;
}

Deno.test("whatever does not break is read by both sides, and what breaks is refused", () => {
  let compatible = 0, shown = 0, unshown = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const old = makePayload(random);
    let now = evolve(random, old);
    if (random.below(3) === 0) now = evolve(random, now);
    const [oldCodec, newCodec] = [codecOf(old), codecOf(now)];
    const ways = [[old, now, oldCodec, newCodec], [now, old, newCodec, oldCodec]] as const;
    let refused = 0, found = 0;
    for (const [written, read, writer, reader] of ways) {
      const refusals = refusalsOf(written, read);
      const maker = new ValueMaker(random, written);
      if (refusals.length === 0) {
        for (let i = 0; i < VALUES; i++) {
          const value = maker.make(written);
          const result = received(writer, reader, value);
          assert(result !== "refused", `${Deno.inspect(value)} is refused: ${show(written, read)}`);
        }
        continue;
      }
      refused++;
      for (let i = 0; i < WITNESSES; i++) {
        if (received(writer, reader, maker.make(written)) !== "refused") continue;
        found++;
        break;
      }
    }
    const request = (value: Description) =>
      [{ kind: "single", name: "a", request: value, response: { type: "raw" } }] as const;
    const changes = breaking(request(old), request(now));
    assertEquals(changes.every((change) => change.compatible), refused === 0, show(old, now));
    if (refused === 0) compatible++;
    else if (found > 0) shown++;
    else unshown++;
  }
  // Some limits can never be reached, such as a depth of 6 where one value is allowed.
  const counts = `seed ${random.seed}: ${compatible} compatible, ${shown} shown, ${unshown} not`;
  assert(compatible > ROUNDS / 20 && shown > ROUNDS / 2 && unshown < ROUNDS / 15, counts);
});
