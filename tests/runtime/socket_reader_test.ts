import { assertEquals, assertRejects } from "@std/assert";
import type { Socket } from "../../lib/runtime/platform/socket.ts";
import { thisPlatform } from "../../lib/runtime/this_platform.ts";
import { NET, RUNTIME } from "../support/permitted.ts";

/** Both ends of a connection over TCP. */
async function connected(): Promise<{ near: Socket; far: Socket }> {
  const { connectTcp, listenTcp } = thisPlatform();
  const listener = await listenTcp("127.0.0.1", 0, false);
  try {
    const [near, far] = await Promise.all([
      connectTcp("127.0.0.1", listener.addr.port, new AbortController().signal),
      listener.accept(),
    ]);
    return { near, far };
  } finally {
    listener.close();
  }
}

Deno.test("a socket is read until its end", { ignore: !NET }, async () => {
  const { near, far } = await connected();
  const read = thisPlatform().readerOf(near), into = new Uint8Array(8);
  const pending = read(into.subarray(2));
  await far.write(new Uint8Array([1, 2, 3]));
  assertEquals(await pending, 3);
  assertEquals([...into], [0, 0, 1, 2, 3, 0, 0, 0]);
  far.close();
  assertEquals(await read(into), null);
  assertEquals(await read(into), null);
  near.close();
});

Deno.test("a read ends when its socket is closed", { ignore: !NET }, async () => {
  const { near, far } = await connected();
  const read = thisPlatform().readerOf(near);
  const pending = assertRejects(() => read(new Uint8Array(8)));
  near.close();
  await pending;
  await assertRejects(() => read(new Uint8Array(8)));
  far.close();
});

Deno.test(
  "on Deno reads leave no trace in its connections, which would be collected in full only",
  {
    ignore: !NET || RUNTIME !== "deno",
  },
  async () => {
    const { near, far } = await connected();
    near.read = () => Promise.reject(new Error("the connection's own read keeps a set"));
    const pending = thisPlatform().readerOf(near)(new Uint8Array(8));
    await far.write(new Uint8Array([1]));
    assertEquals(await pending, 1);
    near.close();
    far.close();
  },
);

Deno.test("a socket that is not the runtime's own is read by its own read", async () => {
  const socket = { read: () => Promise.resolve(5) } as Partial<Socket> as Socket;
  assertEquals(await thisPlatform().readerOf(socket)(new Uint8Array(8)), 5);
});
