import { failureDetail, HandlerError, InternodeError, single } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { onEach } from "./ground.ts";
import { failureOf } from "../support/outcome.ts";

const take = single("take", {
  request: t.uint(),
  response: t.uint(),
  detail: t.record({ missing: t.uint() }),
});
const echo = single("echo");

onEach("what a handler tells beside its message reaches the caller with its type", async (face) => {
  await using ground = await face.start({
    handlers: (to) => {
      to.handle(take, (wanted) => {
        throw wanted > 3
          ? new HandlerError("not enough", { missing: wanted - 3 })
          : new HandlerError("not today");
      });
      to.handle(echo, () => {
        throw new HandlerError("no detail in the contract");
      });
    },
  });
  const error = await failureOf(ground.request(take, 5));
  const detail: { missing: number } | undefined = failureDetail(take, error);
  assertEquals([detail, error.remoteMessage, error.remoteName], [
    { missing: 2 },
    "not enough",
    "HandlerError",
  ]);
  assertEquals(failureDetail(echo, error), undefined, "it is another handler's");
  const plain = await failureOf(ground.request(take, 1));
  assertEquals([failureDetail(take, plain), plain.remoteMessage], [undefined, "not today"]);
  const none = await failureOf(ground.request(echo, new Uint8Array(0)));
  assertEquals([none.detail, none.remoteMessage], [undefined, "no detail in the contract"]);
});

onEach("requests are lent to handlers that ask for it, and come back whole", async (face) => {
  const lent: Uint8Array[] = [];
  await using ground = await face.start({
    handlers: (to) =>
      to.handle(echo, async (bytes) => {
        lent.push(bytes);
        await Promise.resolve();
        return bytes.subarray(1);
      }, { lendRequest: true }),
  });
  for (const size of [1, 10_000, 64 * 1024 + 1, 3 * 1024 * 1024]) {
    const sent = Uint8Array.from({ length: size }, (_, i) => i * 7);
    assertEquals(await ground.request(echo, sent), sent.subarray(1));
  }
  assertEquals(lent.map(({ length }) => length), [0, 0, 0, 0], "none is the handler's any more");
});

onEach("a request that is not lent is the handler's to keep", async (face) => {
  const kept: Uint8Array[] = [];
  await using ground = await face.start({
    handlers: (to) => to.handle(echo, (bytes) => (kept.push(bytes), bytes)),
  });
  await ground.request(echo, new Uint8Array(20_000).fill(7));
  await ground.request(echo, new Uint8Array(20_000).fill(8));
  assertEquals(kept.map((bytes) => [bytes.length, bytes[19_999]]), [[20_000, 7], [20_000, 8]]);
});

onEach("lending typed requests is refused when the handler is registered", async (face) => {
  let isTried = false;
  await using _ground = await face.start({
    handlers: (to) => {
      isTried = true;
      assertThrows(
        () => to.handle(take, (count) => count, { lendRequest: true }),
        InternodeError,
        "lendRequest is for single requests of raw bytes only",
      );
    },
  });
  assert(isTried);
});
