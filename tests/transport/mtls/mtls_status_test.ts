import { assertEquals, assertRejects } from "@std/assert";
import { encodeStatus, readStatus, sendStatus } from "../../../lib/transport/mtls/mtls_status.ts";
import type { ByteChannel } from "../../../lib/transport/channel/transport.ts";

/** Gives what it was made with, a few bytes at a time, and keeps what it is sent. */
class Script implements ByteChannel {
  readonly kind = "bytes";
  readonly remote = "nowhere";
  readonly integrity = true;
  readonly sent: number[] = [];
  #rest: Uint8Array;

  constructor(incoming: Uint8Array | number[]) {
    this.#rest = new Uint8Array(incoming);
  }

  /** What was not read. */
  get unread(): number {
    return this.#rest.length;
  }

  read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    const count = Math.min(into.length, this.#rest.length, 2);
    into.set(this.#rest.subarray(0, count));
    this.#rest = this.#rest.subarray(count);
    return Promise.resolve(count === 0 ? null : count);
  }

  write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    this.sent.push(bytes[0]!);
    return Promise.resolve(1);
  }

  close(): void {}
}

/** Sends one record and reads the other. */
async function exchange(script: Script, refusal: string | null): Promise<string | null> {
  await sendStatus(script, refusal);
  return await readStatus((into) => script.read(into));
}

Deno.test("both verdicts travel, and what follows is not touched", async () => {
  for (const mine of [null, "because"]) {
    for (const theirs of [null, "certificate “é” expired"]) {
      const script = new Script([...encodeStatus(theirs), 7, 7]);
      assertEquals(await exchange(script, mine), theirs);
      assertEquals(script.sent, [...encodeStatus(mine)]);
      assertEquals(script.unread, 2);
    }
  }
  assertEquals([...encodeStatus(null)], [1, 0, 0]);
  assertEquals([...encodeStatus("no")], [2, 2, 0, 110, 111]);
});

Deno.test("a long reason is cut at a whole character", async () => {
  const record = encodeStatus("é".repeat(600) + "x");
  assertEquals(record.length, 3 + 1024);
  assertEquals(await exchange(new Script(record), null), "é".repeat(512));
  const odd = encodeStatus("x" + "é".repeat(600));
  assertEquals(odd.length, 3 + 1023);
});

Deno.test("anything else ends the exchange", async () => {
  const others = [
    [],
    [1],
    [2, 5, 0, 65],
    [0, 0, 0],
    [3, 0, 0],
    [1, 1, 0, 65],
    [2, 1, 4],
    [2, 0xff, 0xff],
    [2, 2, 0, 0xc3, 0x28],
  ];
  for (const bytes of others) await assertRejects(() => exchange(new Script(bytes), null));
});

Deno.test("a reason cannot break its log line", async () => {
  assertEquals(await exchange(new Script([2, 3, 0, 65, 10, 66]), null), "A B");
  assertEquals(await exchange(new Script([2, 0, 0]), null), "it gave no reason");
});
