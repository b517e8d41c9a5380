import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { InternodeError, Manager } from "@internode/grid";
import {
  connect,
  constantResolver,
  HandlerMap,
  listen,
  makeMethodKey,
  memory,
  serve,
} from "@internode/grid/call";
import { nodeListener, operations } from "@internode/grid/operations";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { NET } from "../support/permitted.ts";

function ask(path: string, method = "GET"): Request {
  return new Request(`http://127.0.0.1:9100${path}`, { method });
}

Deno.test("metrics, ready and alive of a node, a client and a server together", async () => {
  const local = "memory://operated-1", address = "memory://operated-2";
  await using grid = new Manager({ local, hosts: [local] });
  await using server = serve(await listen(address, new HandlerMap()));
  await using client = await connect(constantResolver(memory("operated-2")));
  const answer = operations({ grid, client: [client], server });
  const early = answer(ask("/ready"));
  assertEquals([early.status, early.headers.get("content-type")], [503, "application/json"]);
  assertStringIncludes(await early.text(), `"${local} does not listen."`);
  await grid.listen();
  await assertRejects(() => client.call(makeMethodKey("no", "one"), new Uint8Array(0)));
  const ready = answer(ask("/ready?verbose"));
  assertEquals([ready.status, await ready.json()], [200, { ok: true, problems: [] }]);
  const alive = answer(ask("/alive"));
  assertEquals([alive.status, await alive.json()], [200, { ok: true, problems: [] }]);
  const text = await answer(ask("/metrics")).text();
  for (const face of ["grid", "client", "server"]) assertStringIncludes(text, `{face="${face}",`);
  assertStringIncludes(
    text,
    'handler="_other",kind="single",host="client",code="UnknownHandler"} 1',
  );
});

Deno.test("other paths and methods are refused, and HEAD has no body", async () => {
  const local = "memory://operated-4";
  await using grid = new Manager({ local, hosts: [local] });
  const answer = operations({ grid });
  assertEquals(answer(ask("/")).status, 404);
  assertEquals(answer(ask("/metrics/")).status, 404);
  const posted = answer(ask("/ready", "POST"));
  assertEquals([posted.status, posted.headers.get("allow")], [405, "GET, HEAD"]);
  const head = answer(ask("/alive", "HEAD"));
  assertEquals([head.status, await head.text()], [200, ""]);
  assertEquals(answer(ask("/metrics", "HEAD")).headers.get("cache-control"), "no-store");
});

Deno.test("options that make no sense are refused, and so is having nothing to judge", async () => {
  const local = "memory://operated-5";
  await using grid = new Manager({ local, hosts: [local] });
  assertThrows(() => operations(5 as never), InternodeError, "The options of operations must be");
  assertThrows(() => operations({ grid: {} as never }), InternodeError, "It takes a Manager");
  assertThrows(
    () => operations({ minPeers: NaN, grid }),
    InternodeError,
    "Option minPeers",
  );
  for (const nothing of [{}, { grid: [] }, { client: [], server: undefined }]) {
    assertThrows(() => operations(nothing), InternodeError, "needs a grid, a client or a server");
  }
});

Deno.test("in a server of node:http", { ignore: !NET }, async () => {
  const local = "memory://operated-3";
  await using grid = new Manager({ local, hosts: [local] });
  const server = createServer(nodeListener(operations({ grid })));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const ready = await fetch(`${base}/ready`);
    assertEquals(ready.status, 503);
    assertEquals((await ready.json()).problems, [`${local} does not listen.`]);
    const metrics = await fetch(`${base}/metrics`, {
      headers: { accept: "application/openmetrics-text" },
    });
    assert(metrics.headers.get("content-type")?.startsWith("application/openmetrics-text"));
    assertStringIncludes(await metrics.text(), "internode_uptime_seconds{");
    const posted = await fetch(`${base}/alive`, { method: "DELETE" });
    assertEquals([posted.status, posted.headers.get("allow")], [405, "GET, HEAD"]);
    await posted.body?.cancel();
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

Deno.test("a request that is none of the Fetch API is status 400", async () => {
  const local = "memory://operated-6";
  await using grid = new Manager({ local, hosts: [local] });
  const listener = nodeListener(operations({ grid }));
  const status = (request: Parameters<typeof listener>[0]): Promise<number> =>
    new Promise((resolve) => listener(request, { writeHead: resolve, end: () => {} }));
  assertEquals(await status({ method: "GET", url: "http://[", headers: {} }), 400);
  // Bun lets a request have this method.
  assert([400, 405].includes(await status({ method: "TRACE", url: "/alive", headers: {} })));
});
