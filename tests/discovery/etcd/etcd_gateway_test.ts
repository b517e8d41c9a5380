import { assert, assertEquals, assertRejects } from "@std/assert";
import { InternodeError } from "@internode/grid";
import {
  EtcdGateway,
  type EtcdOptions,
  MAX_ANSWER_BYTES,
} from "../../../lib/discovery/etcd/etcd_gateway.ts";
import { NET } from "../../support/permitted.ts";
import { inTime } from "../../support/asking.ts";
import { endless } from "../../support/network/endless.ts";
import { etcdResolver } from "../../../lib/discovery/etcd/etcd_resolver.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { FakeEtcd, message } from "./fake_etcd.ts";

function gatewayTest(name: string, body: () => Promise<void>): void {
  Deno.test(`EtcdGateway: ${name}`, { ignore: !NET }, body);
}

function call(urls: string | string[], options: Partial<EtcdOptions> = {}) {
  const gateway = new EtcdGateway({ urls, ...options });
  return inTime((signal) => gateway.call("kv/range", {}, signal));
}

async function failure(work: Promise<unknown>, texts: string[]): Promise<InternodeError> {
  const error = await assertRejects(() => work, InternodeError);
  for (const text of texts) assert(error.message.includes(text), error.message);
  return error;
}

function grpc(status: number, code: number, text: string): Response {
  return Response.json({ error: text, code }, { status });
}

gatewayTest(
  "passes over what is down, silent or without a leader, and stays with what answers",
  async () => {
    await using leaderless = new FakeEtcd(() => grpc(503, 14, "etcdserver: no leader"));
    await using silent = new FakeEtcd((_, fake) => fake.never());
    await using good = new FakeEtcd(() => Response.json({ count: "1" }));
    const gateway = new EtcdGateway({
      urls: ["http://127.0.0.1:1", leaderless.url, silent.url, good.url],
      requestTimeoutMs: 500,
    });
    for (let i = 0; i < 3; i++) {
      assertEquals(await inTime((signal) => gateway.call("kv/range", {}, signal)), { count: "1" });
    }
    assertEquals([leaderless.asked.length, silent.asked.length, good.asked.length], [1, 1, 3]);
  },
);

gatewayTest("tells of each one when none works", async () => {
  await using silent = new FakeEtcd((_, fake) => fake.never());
  const work = call(["http://127.0.0.1:1/", silent.url], { requestTimeoutMs: 20 });
  const error = await failure(work, [
    "None of 2 etcd URLs works",
    "http://127.0.0.1:1 could not be asked",
    `${silent.url} did not answer within 20 ms`,
  ]);
  assertEquals([error.code, error.origin], ["Unreachable", "network"]);
});

gatewayTest("does not ask another when the answer would be the same", async () => {
  await using denying = new FakeEtcd(() => grpc(403, 7, "etcdserver: permission denied"));
  await using other = new FakeEtcd(() => Response.json({}));
  const error = await failure(call([denying.url, other.url]), ["permission denied", "Grant"]);
  assertEquals([error.code, error.host, error.detail], ["PermissionDenied", denying.url, {
    grpcCode: 7,
  }]);
  assertEquals(other.asked, []);
});

gatewayTest("reads errors as all versions of etcd write them", async () => {
  const bodies: [unknown, number, string][] = [
    [{ error: "mvcc: no space", message: "mvcc: no space", code: 8 }, 429, "Overloaded"],
    [{ code: 8, message: "mvcc: no space", details: [] }, 429, "Overloaded"],
    [{ error: { grpc_code: 8, http_code: 429, message: "mvcc: no space" } }, 429, "Overloaded"],
    [{ code: 3, message: "etcdserver: user name is empty" }, 400, "Unauthenticated"],
    [{ code: 16, message: "etcdserver: invalid auth token" }, 401, "Unauthenticated"],
    [{ code: 12, message: "Not Implemented" }, 501, "InvalidArgument"],
    [{ code: 5, message: "etcdserver: requested lease not found" }, 404, "Unreachable"],
  ];
  for (const [body, status, code] of bodies) {
    await using fake = new FakeEtcd(() => Response.json(body, { status }));
    assertEquals((await failure(call(fake.url), [])).code, code);
  }
});

gatewayTest("logs in once, and once more when that login has run out", async () => {
  let logins = 0, valid = "";
  await using fake = new FakeEtcd(async (path, _, request) => {
    if (path === "auth/authenticate") {
      assertEquals(await request.json(), { name: "u", password: "p" });
      return Response.json({ token: valid = `t${++logins}` });
    }
    const isValid = request.headers.get("authorization") === valid;
    return isValid
      ? Response.json({ count: "1" })
      : grpc(401, 16, "etcdserver: invalid auth token");
  });
  const gateway = new EtcdGateway({ urls: fake.url, user: "u", password: "p" });
  const ask = () => inTime((signal) => gateway.call("kv/range", {}, signal));
  await ask();
  await ask();
  assertEquals(logins, 1);
  valid = "none";
  assertEquals(await ask(), { count: "1" });
  assertEquals(logins, 2);
});

gatewayTest(
  "a password function that hangs is told as that, and not as an etcd that is down",
  async () => {
    await using fake = new FakeEtcd(() => Response.json({ token: "t" }));
    const password = (): Promise<string> => new Promise(() => {});
    const options = { urls: fake.url, user: "u", password, requestTimeoutMs: 50 };
    const asked = inTime((signal) => new EtcdGateway(options).call("kv/range", {}, signal));
    const error = await assertRejects(() => asked, InternodeError);
    assertEquals([error.code, error.message], [
      "Unauthenticated",
      `etcd at ${fake.url} cannot be used: Option password of etcd has not answered within 50 ms.`,
    ]);
  },
);

gatewayTest("an etcd that fails at first leaves no endpoints, and the log says so", async () => {
  await using fake = new FakeEtcd(() => new Response("no backend", { status: 502 }));
  const logger = new QuietLogger();
  const resolver = etcdResolver({ urls: fake.url, prefix: "svc/x", logger });
  await assertRejects(() => inTime((signal) => resolver.resolve(null, signal)), InternodeError);
  await logger.heard("There are no endpoints until then.");
});

gatewayTest("knows what is no etcd", async () => {
  await using page = new FakeEtcd(() => new Response("<html>Hello</html>"));
  await failure(call(page.url), [page.url, "<html>Hello", "--enable-grpc-gateway"]);
  await using old = new FakeEtcd(() => new Response("404 page not found", { status: 404 }));
  assertEquals((await failure(call(old.url), ["3.4"])).code, "InvalidArgument");
  await using proxy = new FakeEtcd(() => new Response("no backend", { status: 502 }));
  assertEquals((await failure(call(proxy.url), ["no backend"])).code, "Unreachable");
  await using moved = new FakeEtcd(() =>
    new Response(null, { status: 307, headers: { location: "http://127.0.0.1:1/" } })
  );
  await failure(call(moved.url), ["HTTP status 307"]);
});

gatewayTest("bounds what it reads, in size and in time", async () => {
  let ended = 0;
  const piece = "x".repeat(1 << 20);
  await using huge = new FakeEtcd(() => endless(Array(20).fill(piece), () => ended++));
  const error = await failure(call(huge.url), [huge.url, String(MAX_ANSWER_BYTES)]);
  assertEquals(error.code, "MessageTooLarge");
  await using slow = new FakeEtcd(() => endless(["{"], () => ended++));
  await failure(call(slow.url, { requestTimeoutMs: 500 }), ["did not answer within 500 ms"]);
  await using line = new FakeEtcd(() => endless(Array(20).fill(piece), () => ended++));
  const gateway = new EtcdGateway({ urls: line.url });
  const stream = inTime((signal) => gateway.stream("watch", {}, signal));
  assertEquals((await failure(stream, [line.url])).code, "MessageTooLarge");
  await Promise.all([huge, slow, line].map((fake) => fake[Symbol.asyncDispose]()));
  assertEquals(ended, 3, "what is not read is not sent either");
});

gatewayTest("reads a stream that comes in any pieces, up to an error within it", async () => {
  const text = message({ n: "ä" }) + "\n" + message({ n: 2 }) +
    JSON.stringify({ error: { grpc_code: 14, http_code: 503, message: "no leader" } }) + "\n";
  await using fake = new FakeEtcd(() => endless([...text]));
  const gateway = new EtcdGateway({ urls: fake.url });
  await inTime(async (signal) => {
    await using stream = await gateway.stream("watch", {}, signal);
    assertEquals(await stream.next(), { n: "ä" });
    assertEquals(await stream.next(), { n: 2 });
    const error = await failure(stream.next(), ["no leader", fake.url]);
    assertEquals(error.code, "Unreachable");
  });
});

gatewayTest("a stream whose first message does not come is sought elsewhere", async () => {
  await using silent = new FakeEtcd(() => endless([]));
  await using good = new FakeEtcd(() => endless([message({ n: 1 })]));
  const gateway = new EtcdGateway({ urls: [silent.url, good.url], requestTimeoutMs: 500 });
  await inTime(async (signal) => {
    await using stream = await gateway.stream("watch", {}, signal);
    assertEquals([stream.url, await stream.next()], [good.url, { n: 1 }]);
  });
});

gatewayTest("gives up with its signal's reason, wherever it is", async () => {
  await using fake = new FakeEtcd((path, fake) =>
    path === "watch" ? endless([message({}), '{"resu']) : fake.never()
  );
  const gateway = new EtcdGateway({ urls: [fake.url, fake.url] });
  const reason = new Error("enough");
  const controller = new AbortController();
  const stream = await gateway.stream("watch", {}, controller.signal);
  await stream.next();
  const failures = [
    assertRejects(() => gateway.call("kv/range", {}, controller.signal)),
    assertRejects(() => stream.next()),
  ];
  controller.abort(reason);
  assertEquals(await inTime(() => Promise.all(failures)), [reason, reason]);
  await stream[Symbol.asyncDispose]();
});

gatewayTest(
  "a stream ends with its signal after its response was collected as garbage",
  async () => {
    const ended = Promise.withResolvers<void>();
    await using fake = new FakeEtcd(() => endless([message({})], ended.resolve));
    const gateway = new EtcdGateway({ urls: fake.url });
    const controller = new AbortController();
    const stream = await gateway.stream("watch", {}, controller.signal);
    await stream.next();
    await collected();
    controller.abort(new Error("enough"));
    await inTime(() => assertRejects(() => stream.next(), Error, "enough"));
    await inTime(() => ended.promise);
  },
);

/** Makes garbage until some of it is collected. */
async function collected(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let isCollected = false;
  const registry = new FinalizationRegistry(() => {
    isCollected = true;
    resolve();
  });
  (() => registry.register({}, 0))();
  await inTime(async () => {
    while (!isCollected) {
      Array.from({ length: 100_000 }, (_, i) => ({ i }));
      // What is small and young may be collected without a look at the rest.
      new Uint8Array(16 << 20);
      // deno-lint-ignore internode/no-sleep -- nothing but time brings it about
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    await promise;
    // A registry that was collected itself tells of nothing.
    registry.unregister({});
  });
}
