import { single, stream } from "@internode/grid";
import type * as t from "@internode/grid/codec";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { withPair } from "../../support/simulation/simulated_grid.ts";

/** Where a value was written, or read. */
interface Place {
  readonly bytes: Uint8Array;
  readonly position: number;
}

/** Carries a number as one byte, and notes where. */
class NotingCodec implements t.Codec<number> {
  readonly written: Place[] = [];
  readonly read: Place[] = [];

  encode(value: number, writer: t.ByteWriter): void {
    writer.ensure(1);
    this.written.push({ bytes: writer.bytes, position: writer.position });
    writer.bytes[writer.position++] = value;
  }

  decode(reader: t.ByteReader): number {
    assertEquals(reader.owned, false);
    this.read.push({ bytes: reader.bytes, position: reader.position });
    return reader.bytes[reader.position++]!;
  }

  /** That all lie in one buffer, each with a frame's header between it and the one before. */
  assertInOneBatch(count: number): void {
    for (const places of [this.written, this.read]) {
      assertEquals(places.length, count);
      places.forEach(({ bytes, position }, i) => {
        assertStrictEquals(bytes, places[0]!.bytes);
        assert(position >= 16);
        if (i > 0) assertEquals(position - places[i - 1]!.position, 17);
      });
    }
  }
}

Deno.test("values are written into the batch and read where it was received", async () => {
  const request = new NotingCodec(), response = new NotingCodec();
  const double = single("double", { request, response });
  await withPair(
    { serve: (manager) => manager.handle(double, (value) => value * 2) },
    async (grid) => {
      const connection = grid.node(0).connections()[0]!;
      const answers = await Promise.all([1, 2, 3].map((n) => connection.request(double, n)));
      assertEquals(answers, [2, 4, 6]);
      request.assertInOneBatch(3);
      response.assertInOneBatch(3);
    },
  );
});

Deno.test("and so are messages of streams", async () => {
  const initial = new NotingCodec(), output = new NotingCodec();
  const count = stream("count", { initial, output, inputCapacity: 0, outputCapacity: 8 });
  await withPair({
    serve: (manager) =>
      manager.handle(count, function* (end) {
        for (let n = 0; n < end; n++) yield n;
      }),
  }, async (grid) => {
    const connection = grid.node(0).connections()[0]!;
    assertEquals(await Array.fromAsync(connection.stream(count, 5)), [0, 1, 2, 3, 4]);
    assertEquals(output.written.length, 5);
    const [first] = output.written;
    for (const { bytes, position } of [...output.written, ...output.read, ...initial.read]) {
      assert(position >= 16, "behind its frame's header");
      assert(bytes.length > 17, "among others");
    }
    assertStrictEquals(output.written[1]!.bytes, first!.bytes);
  });
});
