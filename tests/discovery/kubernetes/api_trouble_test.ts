import { assert, assertEquals, assertRejects } from "@std/assert";
import { InternodeError } from "@internode/grid";
import { VirtualClock } from "@internode/grid/testing";
import { addressesOf, ask, inTime, untilAddresses } from "../../support/asking.ts";
import {
  eventLine,
  expired,
  failure,
  ScriptedApiServer,
  status,
} from "../../support/kubernetes/scripted_api_server.ts";
import { slice } from "../../support/kubernetes/slices.ts";
import { endless } from "../../support/network/endless.ts";
import { type Scene, sceneTest } from "./scene.ts";

const A = "tcp://10.0.0.1:9000", B = "tcp://10.0.0.2:9000";
const KEPT = "cannot be had at the moment; the last 1 stay in use";

/** A resolver that knows one endpoint, and somebody who waits for a change. */
async function watched(scene: Scene, options: Parameters<Scene["resolver"]>[0] = {}) {
  scene.server.put(slice("cache-a", ["10.0.0.1"]));
  const resolver = scene.resolver(options);
  const { version } = await ask(resolver);
  const news = ask(resolver, version);
  await scene.server.until(() => scene.server.open > 0);
  return { resolver, version, news };
}

async function refusal(scene: Scene, options: Parameters<Scene["resolver"]>[0] = {}) {
  return await assertRejects(() => ask(scene.resolver(options)), InternodeError);
}

sceneTest("a watch that ends goes on from where it was, without a list", async (scene) => {
  const { server } = scene;
  const { news } = await watched(scene);
  server.bookmark();
  const watches = server.watches.length;
  server.endWatches();
  await server.until(() => server.watches.length > watches && server.open > 0);
  assertEquals(server.watches.at(-1)!.query.get("resourceVersion"), "102");
  server.bookmark();
  server.endWatches();
  // While nobody watches, nothing is lost.
  server.put(slice("cache-b", ["10.0.0.2"]));
  assertEquals(addressesOf(await news), [A, B]);
  assertEquals([server.lists.length, scene.logger.lines], [1, []]);
});

for (
  const [how, begin] of [
    ["as an answer", (server: ScriptedApiServer) => {
      server.script = ({ isWatch }) => isWatch ? expired() : undefined;
      server.endWatches();
    }],
    [
      "as an event",
      (server: ScriptedApiServer) =>
        server.send(eventLine("ERROR", status(410, "Expired", "too old resource version"))),
    ],
    ["of a server that forgot what was", (server: ScriptedApiServer) => {
      server.forget();
      server.endWatches();
    }],
  ] as const
) {
  sceneTest(`410 Gone ${how} makes a new list, without a warning`, async (scene) => {
    const { server } = scene;
    const { news } = await watched(scene);
    begin(server);
    await server.until(() => server.lists.length >= 2);
    server.script = () => undefined;
    server.put(slice("cache-b", ["10.0.0.2"]));
    assertEquals(addressesOf(await news), [A, B]);
    assertEquals(scene.logger.lines, []);
  });
}

sceneTest("a list that expires between its pages begins anew", async (scene) => {
  const { server } = scene;
  for (let i = 0; i < 150; i++) server.put(slice(`cache-${i}`, [`10.1.0.${i}`]));
  let times = 0;
  server.script = ({ query }) => query.has("continue") && times++ < 2 ? expired() : undefined;
  assertEquals((await ask(scene.resolver())).endpoints.length, 150);
  assertEquals(server.lists.length, 6);
});

sceneTest("an error within a watch keeps what is known", async (scene) => {
  const { server } = scene;
  const { resolver, version, news } = await watched(scene);
  server.send(eventLine("ERROR", status(500, "InternalError", "etcdserver: mvcc: oops")));
  await scene.logger.heard("etcdserver: mvcc: oops");
  assert(scene.logger.has(KEPT));
  assertEquals((await ask(resolver)).version, version);
  server.put(slice("cache-b", ["10.0.0.2"]));
  assertEquals(addressesOf(await news), [A, B]);
});

const NONSENSE: [string, () => Response][] = [
  ["a page", () => new Response("<html>Log in</html>")],
  ["half a list", () => new Response('{"kind":"EndpointSliceList","metadata":{"resourceVer')],
  ["another kind", () => Response.json({ kind: "PodList", metadata: { resourceVersion: "1" } })],
  [
    "no items",
    () => Response.json({ kind: "EndpointSliceList", metadata: { resourceVersion: "1" } }),
  ],
  ["no revision", () => Response.json({ kind: "EndpointSliceList", metadata: {}, items: [] })],
  ["null", () => Response.json(null)],
  ["nothing", () => new Response("")],
  ["slices without names", () =>
    Response.json({
      kind: "EndpointSliceList",
      metadata: { resourceVersion: "1" },
      items: [{}, null, 7],
    })],
  ["slices without addresses", () =>
    Response.json({
      kind: "EndpointSliceList",
      metadata: { resourceVersion: "1" },
      items: [slice("cache-a", [{}, { addresses: [] }, null])],
    })],
  ["an error of a proxy", () => new Response("no backend", { status: 502 })],
  ["an error of the server", () => failure(500, "InternalError", "etcdserver: leader changed")],
  ["a redirection", () => new Response(null, { status: 302, headers: { location: "/" } })],
  ["no content", () => new Response(null, { status: 204 })],
  ["pages without an end", () =>
    Response.json({
      kind: "EndpointSliceList",
      metadata: { resourceVersion: "1", continue: "more" },
      items: [],
    })],
];

for (const [what, answer] of NONSENSE) {
  sceneTest(`a list that is ${what} takes no endpoint away`, async (scene) => {
    const { server } = scene;
    server.script = ({ isWatch }) => isWatch ? undefined : answer();
    const error = await refusal(scene);
    assertEquals(error.host === server.url || error.code === "ProtocolError", true, error.message);

    server.script = () => undefined;
    const { resolver, version, news } = await watched(scene);
    server.script = answer;
    server.forget();
    server.endWatches();
    await scene.logger.heard(KEPT);
    assertEquals((await ask(resolver)).version, version);
    server.script = () => undefined;
    server.put(slice("cache-b", ["10.0.0.2"]));
    assertEquals(addressesOf(await news), [A, B]);
    assertEquals(scene.logger.lines.filter((line) => line.includes(KEPT)).length, 1);
  });
}

const NONSENSE_EVENTS: [string, string][] = [
  ["no JSON", "no JSON\n"],
  ["half a line", '{"type":"DELETED","object":{"metadata":{"name":"cache-a",'],
  ["an unknown type", eventLine("GONE", slice("cache-a", []))],
  ["a slice without a revision", eventLine("DELETED", slice("cache-a", []))],
  ["a list", "[]\n"],
  ["null", "null\n"],
];

for (const [what, text] of NONSENSE_EVENTS) {
  sceneTest(`an event that is ${what} takes no endpoint away`, async (scene) => {
    const { server } = scene;
    const { news } = await watched(scene);
    const before = server.watches.length;
    server.send(text);
    if (!text.endsWith("\n")) server.endWatches();
    await server.until(() => server.watches.length > before && server.open > 0);
    server.put(slice("cache-b", ["10.0.0.2"]));
    assertEquals(addressesOf(await news), [A, B]);
  });
}

sceneTest("a slice that cannot be read any more keeps its last state", async (scene) => {
  const { server, logger } = scene;
  server.put(slice("cache-b", ["10.0.0.2"]));
  const { resolver } = await watched(scene);
  server.put({ ...slice("cache-a", []), endpoints: "none" });
  await logger.heard('sent EndpointSlice "cache-a" with endpoints that are no list.');
  server.put(slice("cache-b", ["10.0.0.3", { addresses: [] }]));
  const second = await untilAddresses(resolver, null, [A, "tcp://10.0.0.3:9000"]);
  await logger.heard("EndpointSlice cache-b has 1 endpoint without an address. The others");
  const another = scene.resolver();
  assertEquals(addressesOf(await ask(another)), ["tcp://10.0.0.3:9000"], "it never knew the other");
  server.forget();
  server.endWatches();
  server.put(slice("cache-c", ["10.0.0.4"]));
  await untilAddresses(resolver, second.version, [A, "tcp://10.0.0.3:9000", "tcp://10.0.0.4:9000"]);
});

sceneTest("a server that is down, and comes back", async (scene) => {
  const { server } = scene;
  const { resolver, version, news } = await watched(scene);
  const port = Number(new URL(server.url).port);
  await server[Symbol.asyncDispose]();
  await scene.logger.heard(KEPT);
  assertEquals((await ask(resolver)).version, version);
  await using again = new ScriptedApiServer({ port });
  again.put(slice("cache-a", ["10.0.0.1"]));
  again.put(slice("cache-b", ["10.0.0.2"]));
  assertEquals(addressesOf(await news), [A, B]);
  assert(scene.logger.lines.length < 4, scene.logger.lines.join("\n"));
});

sceneTest("a server that is silent, before, within and after its answer", async (scene) => {
  const { server } = scene;
  const options = { requestTimeoutMs: 50 };
  server.script = () => server.never();
  const silent = await refusal(scene, options);
  assertEquals(silent.code, "Unreachable");
  assert(silent.message.includes("did not answer within 50 ms"), silent.message);

  let isLeft = false;
  server.script = () => endless(['{"kind":"EndpointSliceList",'], () => isLeft = true);
  await inTime(async () => {
    // On a busy machine the time may be over before the server has begun.
    while (!isLeft) assert((await refusal(scene, options)).message.includes("within 50 ms"));
  });

  server.script = () => undefined;
  const { news, resolver, version } = await watched(scene, { requestTimeoutMs: 1_000 });
  server.script = ({ isWatch }) => isWatch ? server.never() : undefined;
  server.endWatches();
  await scene.logger.heard("did not answer within 1000 ms");
  assertEquals((await ask(resolver)).version, version);
  server.script = () => undefined;
  server.put(slice("cache-b", ["10.0.0.2"]));
  assertEquals(addressesOf(await news), [A, B]);
});

sceneTest("a watch that is dead without a sign is begun anew", async (scene) => {
  const { server } = scene;
  server.put(slice("cache-a", ["10.0.0.1"]));
  let ended = 0;
  server.script = ({ isWatch }) =>
    isWatch && server.watches.length < 3
      ? endless(["", " ", '{"type":'], () => ended++)
      : undefined;
  const resolver = scene.resolver({ refreshMs: 50 });
  const { version } = await ask(resolver);
  const news = ask(resolver, version);
  await server.until(() => server.open > 0);
  assert(ended >= 1, "the old one was left");
  server.put(slice("cache-b", ["10.0.0.2"]));
  assertEquals(addressesOf(await news), [A, B]);
  assertEquals(scene.logger.lines, []);
  assert(server.lists.length > 1, "the server may have lost its data");
});

sceneTest("what is too long is not read", async (scene) => {
  const { server } = scene;
  const many = (): string[] => Array.from({ length: 20 }, () => "x".repeat(1024 * 1024));
  server.script = () => endless(many());
  const error = await refusal(scene);
  assertEquals(error.code, "MessageTooLarge");
  assert(error.message.includes("is over 16777216 bytes"), error.message);
  server.script = () => undefined;
  const { news } = await watched(scene);
  for (const part of many()) server.send(part);
  await scene.logger.heard("is over 16777216 bytes");
  server.put(slice("cache-b", ["10.0.0.2"]));
  assertEquals(addressesOf(await news), [A, B]);
});

sceneTest("more endpoints and slices than are held", async (scene) => {
  const { server } = scene;
  const block = Array.from({ length: 1_000 }, (_, i) => `10.${i >> 8}.${i & 255}.1`);
  const items = Array.from({ length: 101 }, (_, i) => slice(`cache-${i}`, block));
  server.script = () =>
    Response.json({ kind: "EndpointSliceList", metadata: { resourceVersion: "1" }, items });
  const error = await refusal(scene);
  assertEquals(error.code, "MessageTooLarge");
  assert(error.message.includes("more than 100000 endpoints"), error.message);
  let count = 0;
  server.script = () =>
    Response.json({
      kind: "EndpointSliceList",
      metadata: { resourceVersion: "1", continue: "more" },
      items: Array.from({ length: 1_000 }, () => slice(`cache-${count++}`, [])),
    });
  const another = await refusal(scene);
  assert(another.message.includes("more than 10000 EndpointSlices"), another.message);
});

sceneTest("a token that was replaced is read anew", async (scene) => {
  const { server, account } = scene;
  let valid = "token-1";
  server.script = ({ authorization }) =>
    authorization === `Bearer ${valid}` ? undefined : failure(401, "Unauthorized", "Unauthorized");
  const { news } = await watched(scene);
  await account.write("token", "token-2\n");
  valid = "token-2";
  server.endWatches();
  await server.until(() => server.open > 0);
  assertEquals(server.asked.at(-1)!.authorization, "Bearer token-2");
  assertEquals(scene.logger.lines, []);

  // The new one comes while the old one is under way.
  server.script = () => {
    server.script = ({ authorization }) =>
      authorization === "Bearer token-3" ? undefined : failure(401, "Unauthorized", "Unauthorized");
    Deno.writeTextFileSync(`${account.path}/token`, "token-3");
    return failure(401, "Unauthorized", "Unauthorized");
  };
  server.endWatches();
  await server.until(() => server.open > 0);
  server.put(slice("cache-b", ["10.0.0.2"]));
  assertEquals(addressesOf(await news), [A, B]);
  assertEquals(scene.logger.lines, []);
});

sceneTest("a token that is not accepted, that is missing, or is none", async (scene) => {
  scene.server.script = () => failure(401, "Unauthorized", "Unauthorized");
  const error = await refusal(scene);
  assertEquals(error.code, "Unauthenticated");
  assert(error.message.includes(`does not accept the token in ${scene.account.path}/token`));
  assertEquals(scene.server.asked.length, 1, "the same is not sent twice");
  for (const text of ["", "two words", "line\nbreak", "ключ", "x".repeat(1_048_577)]) {
    await scene.account.write("token", text);
    const refused = await refusal(scene);
    assert(refused.message.includes(`${scene.account.path}/token`), refused.message);
    assert(!refused.message.includes("words"), "no part of it is shown");
  }
  await scene.account.remove("token");
  const none = await refusal(scene);
  assertEquals(none.code, "Unauthenticated");
  assert(none.message.includes("automountServiceAccountToken"), none.message);
  assertEquals(scene.server.asked.length, 1);
});

sceneTest("whoever may not list is told which Role is missing", async (scene) => {
  const said =
    'endpointslices.discovery.k8s.io is forbidden: User "system:serviceaccount:shop:x" ' +
    'cannot list resource "endpointslices" in API group "discovery.k8s.io" in the namespace "shop"';
  scene.server.script = () => failure(403, "Forbidden", said);
  const error = await refusal(scene);
  assertEquals(error.code, "PermissionDenied");
  assertEquals(
    error.message,
    `The Kubernetes API server at ${scene.server.url} answered: ${said}. ` +
      "Bind the service account of this pod to a Role in namespace shop with the rule " +
      'apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"].',
  );
});

sceneTest("a server whose authority is not the pod's is not told the token", async (scene) => {
  await scene.account.remove("ca.crt");
  const error = await refusal(scene);
  assertEquals([error.code, error.origin], ["Unreachable", "network"]);
  assert(/certificate/i.test(error.message), error.message);
  await scene.account.write("ca.crt", "no certificate");
  assert((await refusal(scene)).message.includes("holds no certificate"));
  assertEquals(scene.server.asked, []);
});

sceneTest("no token goes over a connection without TLS", async (scene) => {
  scene.server.put(slice("cache-a", ["10.0.0.1"]));
  assertEquals(addressesOf(await ask(scene.resolver())), [A]);
  assertEquals(scene.server.asked[0]!.authorization, null);
  scene.server.script = () => failure(401, "Unauthorized", "Unauthorized");
  assert((await refusal(scene)).message.includes("No token is sent"));
}, { isPlain: true });

sceneTest("who asks again and again does not make the server be asked as often", async (scene) => {
  const clock = new VirtualClock();
  scene.server.script = () => failure(503, "ServiceUnavailable", "starting");
  const resolver = scene.resolver({ clock });
  for (let i = 0; i < 10; i++) await assertRejects(() => ask(resolver), InternodeError, "starting");
  assertEquals(scene.server.asked.length, 1);
  await clock.advance(100);
  for (let i = 0; i < 10; i++) await assertRejects(() => ask(resolver), InternodeError, "starting");
  assertEquals(scene.server.asked.length, 2);
});

sceneTest("a server that asks to be left alone is", async (scene) => {
  const clock = new VirtualClock();
  scene.server.script = () =>
    failure(429, "TooManyRequests", "too many requests", { "retry-after": "30" });
  const resolver = scene.resolver({ clock });
  const asking = () => assertRejects(() => ask(resolver), InternodeError, "too many requests");
  assertEquals((await asking()).code, "Overloaded");
  await clock.advance(29_999);
  await asking();
  assertEquals(scene.server.asked.length, 1);
  await clock.advance(1);
  await asking();
  assertEquals(scene.server.asked.length, 2);
});
