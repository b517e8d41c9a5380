import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InternodeError } from "@internode/grid";
import { parseNetEndpoint } from "@internode/grid/call";
import { kubernetesResolver, type KubernetesResolverOptions } from "@internode/grid/kubernetes";
import { missing } from "../../../lib/discovery/resolver/resolver.ts";
import { addressesOf, ask, untilAddresses } from "../../support/asking.ts";
import { pod, podIn, slice } from "../../support/kubernetes/slices.ts";
import { NET } from "../../support/permitted.ts";
import { ips, type Scene, sceneTest } from "./scene.ts";

const A = "tcp://10.0.0.1:9000", B = "tcp://10.0.0.2:9000", C = "tcp://10.0.0.3:9000";

async function answer(scene: Scene, options: Partial<KubernetesResolverOptions> = {}) {
  return ips(await ask(scene.resolver(options)));
}

sceneTest("lists in pages, and watches from there with the token of the pod", async (scene) => {
  const { server } = scene;
  const names = Array.from({ length: 230 }, (_, i) => `cache-${String(i).padStart(3, "0")}`);
  for (const [i, name] of names.entries()) server.put(slice(name, [`10.1.0.${i}`]));
  const resolver = scene.resolver();
  const first = await ask(resolver);
  assertEquals(first.endpoints.length, 230);
  assertEquals(server.lists.length, 3);
  const [page, next] = server.lists;
  assertEquals(page!.path, "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices");
  assertEquals(page!.query.get("labelSelector"), "kubernetes.io/service-name=cache");
  assertEquals([page!.query.get("limit"), next!.query.get("continue")], ["100", "100"]);

  const news = ask(resolver, first.version);
  await server.until(() => server.open > 0);
  const { query } = server.watches.at(-1)!;
  assertEquals(query.get("resourceVersion"), "330");
  assertEquals(query.get("allowWatchBookmarks"), "true");
  const seconds = Number(query.get("timeoutSeconds"));
  assert(seconds >= 300 && seconds < 360, String(seconds));
  server.put(slice("cache-230", ["10.2.0.1"]));
  assertEquals((await news).endpoints.length, 231);
  assert(server.asked.every(({ authorization }) => authorization === "Bearer token-1"));
  assertEquals(server.lists.length, 3, "who was answered a moment ago goes on from there");
  await server.until(() => server.open === 0);
});

sceneTest("what comes, changes and goes is told, and other slices stay", async (scene) => {
  const { server } = scene;
  server.put(slice("cache-a", ["10.0.0.1"]));
  const resolver = scene.resolver();
  let known = await ask(resolver);
  assertEquals(addressesOf(known), [A]);
  server.put(slice("cache-b", ["10.0.0.2", "10.0.0.3"]));
  known = await untilAddresses(resolver, known.version, [A, B, C]);
  server.put(slice("cache-b", ["10.0.0.3"]));
  known = await untilAddresses(resolver, known.version, [A, C]);
  server.remove("cache-a");
  known = await untilAddresses(resolver, known.version, [C]);
  server.remove("cache-b");
  assertEquals(await ask(resolver, known.version), { endpoints: [], version: missing });
  await scene.logger.heard("There are no EndpointSlices of Service cache in namespace shop");
  server.put(slice("cache-c", []));
  known = await untilAddresses(resolver, missing, []);
  assert(known.version !== missing, "a Service without pods is no missing one");
});

sceneTest(
  "an endpoint that goes from one slice to another stays, and one in two counts once",
  async (scene) => {
    const { server } = scene;
    server.put(slice("cache-a", ["10.0.0.1", "10.0.0.2"]));
    server.put(slice("cache-b", ["10.0.0.2", "10.0.0.3"]));
    const resolver = scene.resolver();
    const first = await ask(resolver);
    assertEquals(addressesOf(first), [A, B, C]);
    const news = ask(resolver, first.version);
    await server.until(() => server.open > 0);
    server.put(slice("cache-a", ["10.0.0.2"]));
    server.put(slice("cache-b", ["10.0.0.2", "10.0.0.3", "10.0.0.1"]));
    server.put(slice("cache-b", ["10.0.0.2", "10.0.0.3", "10.0.0.1", "10.0.0.4"]));
    assertEquals(addressesOf(await news), [B, C, A, "tcp://10.0.0.4:9000"]);
  },
);

sceneTest("ready pods get calls, and those that end do not", async (scene) => {
  scene.server.put(slice("cache-a", [
    podIn("10.0.0.1", { ready: true, serving: true, terminating: false }),
    podIn("10.0.0.2", {}),
    podIn("10.0.0.3", { ready: null }),
    podIn("10.0.0.4", { ready: false, serving: false, terminating: false }),
    podIn("10.0.0.5", { ready: false, serving: true, terminating: true }),
    // So of a Service with publishNotReadyAddresses.
    podIn("10.0.0.6", { ready: true, serving: true, terminating: true }),
    pod("10.0.0.7", { conditions: undefined }),
  ]));
  assertEquals(await answer(scene), ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.7"]);
});

sceneTest("if all pods end, those stay that still answer", async (scene) => {
  const { server } = scene;
  const ending = podIn("10.0.0.1", { ready: false, serving: true, terminating: true });
  server.put(slice("cache-a", [
    ending,
    podIn("10.0.0.2", { ready: false, serving: false, terminating: true }),
    podIn("10.0.0.3", { ready: false, serving: false, terminating: false }),
    podIn("10.0.0.4", { ready: true, serving: null, terminating: true }),
  ]));
  const resolver = scene.resolver();
  const first = await ask(resolver);
  assertEquals(ips(first), ["10.0.0.1", "10.0.0.4"]);
  server.put(slice("cache-a", [ending, "10.0.0.3"]));
  await untilAddresses(resolver, first.version, [C]);
});

sceneTest("of dual-stack pods one address is used", async (scene) => {
  const { server } = scene;
  const six = { addressType: "IPv6" };
  server.put(slice("cache-6", ["fd00::1", "fd00::2"], six));
  const resolver = scene.resolver();
  const first = await ask(resolver);
  assertEquals(addressesOf(first), ["tcp://[fd00::1]:9000", "tcp://[fd00::2]:9000"]);
  server.put(
    slice("cache-4", ["10.0.0.1", pod("10.0.0.2", { addresses: ["10.0.0.2", "10.0.0.9"] })]),
  );
  server.put(slice("cache-f", ["cache.example"], { addressType: "FQDN" }));
  await untilAddresses(resolver, first.version, [A, B]);
  assertEquals(await answer(scene, { ipFamily: "IPv4" }), ["10.0.0.1", "10.0.0.2"]);
  assertEquals(await answer(scene, { ipFamily: "IPv6" }), ["fd00::1", "fd00::2"]);
  server.put(slice("cache-6", [], six));
  const error = await assertRejects(
    () => ask(scene.resolver({ ipFamily: "IPv6" })),
    InternodeError,
    'are IPv4, and option ipFamily of kubernetesResolver is "IPv6"',
  );
  assertEquals(error.code, "InvalidArgument");
});

sceneTest("a port by its name, by its number, or the only one", async (scene) => {
  const { server } = scene;
  const udp = { name: "grid", port: 1, protocol: "UDP" };
  server.put(slice("cache-a", ["10.0.0.1"], { ports: [udp, { name: "grid", port: 9000 }] }));
  server.put(slice("cache-b", ["10.0.0.2"], { ports: [{ name: "grid", port: 9001 }] }));
  assertEquals(await answer(scene), ["10.0.0.1", "10.0.0.2:9001"]);
  assertEquals(await answer(scene, { port: undefined }), ["10.0.0.1", "10.0.0.2:9001"]);
  assertEquals(await answer(scene, { port: 80 }), ["10.0.0.1:80", "10.0.0.2:80"]);
  server.put(slice("cache-b", ["10.0.0.2", "10.0.0.3"], { ports: null }));
  assertEquals(await answer(scene), ["10.0.0.1"], "others are used");
  assertEquals(scene.logger.lines.length, 1, scene.logger.lines.join("\n"));
  assert(scene.logger.has('Option port of kubernetesResolver is "grid"'));
  assert(
    scene.logger.has("in EndpointSlice cache-b of Service cache in namespace shop are: none."),
  );
});

sceneTest("a port that there is not is told with those that there are", async (scene) => {
  const ports = [{ name: "http", port: 80 }, { name: "metrics", port: 9100 }];
  scene.server.put(slice("cache-a", ["10.0.0.1"], { ports }));
  for (
    const [port, what] of [["grid", 'is "grid"'], [undefined, "is left out"]] as const
  ) {
    const resolver = scene.resolver({ port });
    const error = await assertRejects(() => ask(resolver), InternodeError);
    assertEquals(error.code, "InvalidArgument");
    assert(error.message.startsWith(`Option port of kubernetesResolver ${what}`), error.message);
    assert(error.message.includes('"http" (80), "metrics" (9100)'), error.message);
  }
});

sceneTest("zones, names and metadata are handed on", async (scene) => {
  const more = { nodeName: "n1", targetRef: { kind: "Pod", name: "cache-0" }, hostname: "cache-0" };
  scene.server.put(slice("cache-a", [
    pod("10.0.0.1", { ...more, zone: "eu-1a" }),
    pod("10.0.0.2", { zone: "eu-1a", hints: { forZones: [{ name: "eu-1b" }] } }),
    pod("10.0.0.3", {
      zone: "eu-1a",
      hints: { forZones: [{ name: "eu-1b" }, { name: "eu-1a" }] },
      targetRef: { kind: "Node", name: "x" },
    }),
  ]));
  const said = ({ endpoints }: Awaited<ReturnType<typeof ask>>) =>
    endpoints.map(({ name, zone, metadata }) => [name, zone, metadata]);
  assertEquals(said(await ask(scene.resolver())), [
    ["tcp://cache-0.cache.shop.svc:9000", "eu-1a", { pod: "cache-0", node: "n1" }],
    [undefined, "eu-1b", undefined],
    [undefined, "eu-1a", undefined],
  ]);
  const pods: unknown[] = [];
  const secure = scene.resolver({
    makeEndpoint(address, known) {
      pods.push(known);
      return parseNetEndpoint(`tls://${address}`);
    },
  });
  const found = await ask(secure);
  assertEquals(found.endpoints[0]!.address, "tls://10.0.0.1:9000");
  assertEquals(found.endpoints[0]!.name, "tls://cache-0.cache.shop.svc:9000");
  assertEquals(pods[0], { name: "cache-0", hostname: "cache-0", node: "n1", zone: "eu-1a" });
});

sceneTest("a change of attributes is news", async (scene) => {
  const { server } = scene;
  server.put(slice("cache-a", [pod("10.0.0.1", { zone: "eu-1a" })]));
  const resolver = scene.resolver();
  const first = await ask(resolver);
  server.put(slice("cache-a", [pod("10.0.0.1", { zone: "eu-1b" })]));
  assertEquals((await ask(resolver, first.version)).endpoints[0]!.zone, "eu-1b");
});

sceneTest("what makeEndpoint throws is told, and the others are used", async (scene) => {
  const { server } = scene;
  server.put(slice("cache-a", ["10.0.0.1", "10.0.0.2"]));
  const makeEndpoint = (address: string) => {
    if (address.startsWith("10.0.0.2")) throw new Error("not this one");
    return parseNetEndpoint(`tcp://${address}`);
  };
  const resolver = scene.resolver({ makeEndpoint });
  assertEquals(addressesOf(await ask(resolver)), [A]);
  assertEquals(scene.logger.lines, [
    "A part of EndpointSlice cache-a of Service cache in namespace shop cannot be used: " +
    "not this one. It is ignored, and the others are used.",
  ]);
});

sceneTest("the namespace is the pod's own, unless another is given", async (scene) => {
  scene.server.put(slice("cache-a", ["10.0.0.1"]));
  await ask(scene.resolver({ namespace: "other" }));
  assert(scene.server.asked.at(-1)!.path.includes("/namespaces/other/"));
  await scene.account.remove("namespace");
  const error = await assertRejects(() => ask(scene.resolver()), InternodeError);
  assertEquals(error.code, "InvalidArgument");
  assert(error.message.includes("Give option namespace."), error.message);
});

sceneTest("two clients on one resolver, of which one gives up", async (scene) => {
  const { server } = scene;
  server.put(slice("cache-a", ["10.0.0.1"]));
  const resolver = scene.resolver();
  const first = await ask(resolver);
  const reason = new Error("enough"), controller = new AbortController();
  const given = resolver.resolve(first.version, controller.signal);
  const kept = ask(resolver, first.version);
  await server.until(() => server.open === 1);
  controller.abort(reason);
  assertEquals(await assertRejects(() => given), reason);
  server.put(slice("cache-a", ["10.0.0.1", "10.0.0.2"]));
  assertEquals(addressesOf(await kept), [A, B]);
  await server.until(() => server.open === 0);
  const aborted = AbortSignal.abort(reason);
  assertEquals(await assertRejects(() => resolver.resolve(null, aborted)), reason);
});

Deno.test("kubernetesResolver: options that make no sense", { ignore: !NET }, () => {
  const good = { service: "cache", apiServer: "https://10.0.0.1:6443", port: 9000 };
  kubernetesResolver(good);
  const bad: [Partial<KubernetesResolverOptions>, string][] = [
    [{ service: "" }, "Option service of kubernetesResolver must be"],
    [{ service: "a/b" }, 'not "a/b"'],
    [{ namespace: "A" }, "Option namespace"],
    [{ port: 0 }, "Option port"],
    [{ port: 65_536 }, "65536"],
    [{ port: "two words" }, "Option port"],
    [{ ipFamily: "IPv5" as "IPv4" }, 'not "IPv5"'],
    [{ apiServer: "10.0.0.1" }, 'must look like "https://10.0.0.1:6443"'],
    [{ apiServer: "https://me:pw@10.0.0.1" }, "neither a user nor a password"],
    [{ apiServer: "https://10.0.0.1/?a" }, "may not go on after its path"],
    [{ requestTimeoutMs: 0 }, "Option requestTimeoutMs"],
    [{ refreshMs: NaN }, "Option refreshMs"],
    [{ apiServer: undefined }, "this program does not run in a pod"],
  ];
  for (const [options, text] of bad) {
    const error = assertThrows(() => kubernetesResolver({ ...good, ...options }), InternodeError);
    assertEquals(error.code, "InvalidArgument");
    assert(error.message.includes(text), error.message);
  }
});
