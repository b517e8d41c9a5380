/** Key sets from a server: bounded, and from nowhere else. */

import { assertEquals, assertRejects } from "@std/assert";
import { fetchKeys } from "../../lib/auth/key_source.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";

const ignore = (await Deno.permissions.query({ name: "net" })).state !== "granted";

Deno.test({
  name: "a key set is read from its server, and nothing else or more than that",
  ignore,
  async fn() {
    const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/good") return Response.json({ keys: [] });
      if (pathname === "/moved") return Response.redirect(new URL("/good", request.url));
      if (pathname === "/large") return new Response(" ".repeat(300_000));
      return new Response("no", { status: 404 });
    });
    const at = (path: string): URL => new URL(`http://127.0.0.1:${server.addr.port}/${path}`);
    try {
      assertEquals(await fetchKeys(at("good"), systemClock), { keys: [] });
      await assertRejects(() => fetchKeys(at("moved"), systemClock), TypeError);
      await assertRejects(
        () => fetchKeys(at("large"), systemClock),
        Error,
        "more than 262144 bytes",
      );
      await assertRejects(() => fetchKeys(at("none"), systemClock), Error, "status 404");
    } finally {
      await server.shutdown();
    }
  },
});

Deno.test({
  name: "a server that does not answer is given up",
  ignore,
  async fn() {
    const left = Promise.withResolvers<void>();
    const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async () => {
      await left.promise;
      return new Response("late");
    });
    const clock = {
      ...systemClock,
      setTimer: (_delayMs: number, callback: () => void) => systemClock.setTimer(1, callback),
    };
    const url = new URL(`http://127.0.0.1:${server.addr.port}/`);
    await assertRejects(() => fetchKeys(url, clock), Error, "within 5000 ms");
    left.resolve();
    await server.shutdown();
  },
});
