import { assertEquals, assertMatch } from "@std/assert";
import { VirtualClock } from "@internode/grid/testing";
import { LiveMesh } from "../../../lib/cli/web/live_mesh.ts";
import { WebServer } from "../../../lib/cli/web/web_server.ts";
import { FakeListener, FakeSocket } from "./fake_socket.ts";

function made(token: string | null = null) {
  const clock = new VirtualClock(), listener = new FakeListener();
  const connect = (): Promise<never> => Promise.reject(new Error("nobody is asked"));
  const mesh = new LiveMesh({ hosts: [], peers: false, name: "admin", connect, clock });
  const rules = { hostname: "127.0.0.1", allowHosts: [], token };
  const server = new WebServer({ listener, rules, mesh, clock });
  const open = async (request: string, change: (socket: FakeSocket) => void = () => {}) => {
    const socket = new FakeSocket(`${request}\r\nhost: localhost\r\n\r\n`);
    change(socket);
    listener.open(socket);
    await clock.settle();
    return socket;
  };
  return {
    clock,
    server,
    open,
    async [Symbol.asyncDispose]() {
      server.close();
      await mesh.close();
      // Of reads that do not end when a connection is closed.
      await clock.advance(10_000);
      assertEquals(server.connections, 0);
    },
  };
}

const countOf = (text: string, part: string): number => text.split(part).length - 1;

Deno.test("the page is served whole, under a policy that names its script and style, and the connection is closed", async () => {
  await using world = made();
  const { written, isClosed } = await world.open("GET / HTTP/1.1");
  assertEquals([written.split("\r\n")[0], isClosed], ["HTTP/1.1 200 OK", true]);
  const [head, body = ""] = written.split(/\r\n\r\n(.*)/s) as [string, string?];
  assertEquals(
    Number(/content-length: (\d+)/.exec(head)![1]),
    new TextEncoder().encode(body).length,
  );
  const policy = /content-security-policy: (.*)/.exec(head)![1]!;
  assertMatch(policy, /^default-src 'none'; script-src 'sha256-\S+'; style-src 'sha256-\S+';/);
  assertEquals(/unsafe|\*/.test(policy), false);
  assertEquals(/<(?:script|link|img)[^>]* (?:src|href)="(?!data:,)/.test(body), false);
  assertEquals(/ on\w+=|style=/.test(body.replace(/<script[^]*<\/script>/, "")), false);
});

Deno.test("what is refused says why, under the same policy", async () => {
  await using world = made("secret");
  const { written } = await world.open("GET /state HTTP/1.1");
  assertMatch(written, /^HTTP\/1\.1 401 Unauthorized\r\n/);
  assertMatch(written, /\r\nwww-authenticate: Bearer\r\n/);
  assertMatch(written, /\r\ncontent-security-policy: default-src 'none'/);
  assertMatch(written, /The token is missing or wrong/);
  assertMatch((await world.open("POST / HTTP/1.1")).written, /405 .*\r\nallow: GET\r\n/s);
  await using open = made();
  assertMatch((await open.open("GET /trace?slow=x HTTP/1.1")).written, /^HTTP\/1\.1 400 /);
  assertMatch((await world.open(`GET /${"x".repeat(990)}`)).written, /^HTTP\/1\.1 400 /);
});

Deno.test("the state is sent twice a second until the browser leaves", async () => {
  await using world = made();
  const socket = await world.open("GET /state HTTP/1.1");
  assertMatch(socket.written, /content-type: text\/event-stream/);
  assertEquals(countOf(socket.written, "data: {"), 1);
  await world.clock.advance(2_000);
  assertEquals(countOf(socket.written, "data: {"), 5);
  socket.leave();
  await world.clock.advance(1_000);
  assertEquals([socket.isClosed, world.server.connections], [true, 0]);
  assertEquals(countOf(socket.written, "data: {"), 5);
});

Deno.test("for a browser that does not read nothing piles up, and it is let go", async () => {
  await using world = made();
  const socket = await world.open("GET /state HTTP/1.1", (each) => each.reads = false);
  await world.clock.advance(29_000);
  assertEquals([socket.writes, socket.isClosed], [1, false]);
  await world.clock.advance(1_500);
  assertEquals([socket.writes, socket.isClosed, world.server.connections], [1, true, 0]);
});

Deno.test("who sends no request is let go, and so is who sends too much", async () => {
  await using world = made();
  const silent = await world.open("", (each) => each.read = () => new Promise(() => {}));
  const endless = await world.open(
    "",
    (each) => each.read = (into) => Promise.resolve(into.fill(65).length),
  );
  assertMatch(endless.written, /^HTTP\/1\.1 431 /);
  await world.clock.advance(9_900);
  assertEquals(silent.isClosed, false);
  await world.clock.advance(200);
  assertEquals(silent.isClosed, true);
});

Deno.test("there are 16 streams and 64 connections at most", async () => {
  await using world = made();
  const streams: FakeSocket[] = [];
  for (let at = 0; at < 16; at++) streams.push(await world.open("GET /state HTTP/1.1"));
  assertMatch((await world.open("GET /trace HTTP/1.1")).written, /^HTTP\/1\.1 503 /);
  for (let at = 0; at < 60; at++) {
    await world.open("", (each) => each.read = () => new Promise(() => {}));
  }
  assertEquals(world.server.connections, 64);
  streams[0]!.leave();
  await world.clock.advance(600);
  assertEquals(world.server.connections, 63);
  assertMatch((await world.open("GET /trace HTTP/1.1")).written, /^HTTP\/1\.1 200 /);
});
