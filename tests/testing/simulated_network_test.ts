import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import { parseHostAddress } from "../../lib/runtime/host_address.ts";
import type { Channel } from "../../lib/transport/channel/transport.ts";
import {
  A,
  B,
  connectBytes,
  dial,
  listen,
  makePair,
  numbered,
  readExactly,
  watch,
  writeAll,
} from "./pair.ts";

Deno.test("dialling fails with the reason: no host, no listener, at random", async () => {
  const pair = makePair(), { clock, network } = pair;
  const refused = await assertRejects(() => clock.complete(dial(pair)), InternodeError);
  assertEquals([refused.code, refused.host], ["Unreachable", B]);
  assertEquals(
    refused.message,
    "Could not connect to memory://b: connection refused: nothing listens there.",
  );
  const signal = new AbortController().signal;
  const nowhere = network.transport(A).dial(parseHostAddress("memory://x"), { path: "/", signal });
  await assertRejects(() => clock.complete(nowhere), InternodeError, "no such host");

  await listen(pair, []);
  network.setLink(A, B, { dialFailure: 1 });
  await assertRejects(() => clock.complete(dial(pair)), InternodeError, "at random");
  network.setLink(A, B, null);
  (await clock.complete(dial(pair))).close();
});

Deno.test("a dial over a stalled link waits, gives up with its signal's reason, leaves nothing", async () => {
  const pair = makePair(), { clock, network } = pair;
  const accepted: Channel[] = [];
  await listen(pair, accepted);
  network.stall(A, B);
  const controller = new AbortController();
  const given = watch(dial(pair, controller.signal)), patient = watch(dial(pair));
  await clock.advance(100_000);
  assert(!given.settled && !patient.settled);
  const reason = new Error("enough");
  controller.abort(reason);
  await clock.settle();
  assertEquals(given.error, reason);
  network.resume(A, B);
  await clock.advance(10);
  assert(patient.value !== undefined);
  assertEquals(accepted.length, 1);
  assertEquals(network.openConnections(A), 1);
  assertEquals(watch(dial(pair, controller.signal)).settled, false);
  await assertRejects(() => dial(pair, controller.signal), Error, "enough");
});

Deno.test("a dialler that gives up between knock and answer closes what was accepted", async () => {
  const pair = makePair({ link: { latencyMinMs: 10, latencyMaxMs: 10 } });
  const accepted: Channel[] = [];
  await listen(pair, accepted);
  const controller = new AbortController();
  const dialling = watch(dial(pair, controller.signal));
  await pair.clock.runUntil(() => accepted.length === 1, 100);
  controller.abort(new Error("too late"));
  await pair.clock.advance(100);
  assert(dialling.settled && dialling.value === undefined);
  assertEquals(pair.network.openConnections(A), 0);
  const channel = accepted[0]!;
  if (channel.kind !== "bytes") throw new Error("not bytes");
  assertEquals(await pair.clock.complete(channel.read(new Uint8Array(1))), null);
});

Deno.test("an address is listened on once, by its own host, until closed", async () => {
  const pair = makePair(), { clock, network } = pair;
  const listener = await listen(pair, []);
  assert(network.isListening(B));
  await assertRejects(() => listen(pair, []), InternodeError, "listens on memory://b already");
  const options = { path: "/", accept: () => {} };
  await clock.complete(listener.close());
  await clock.complete(listener.close());
  await listener.finished;
  await assertRejects(
    () => clock.complete(network.transport(A).listen(parseHostAddress(B), options)),
    InternodeError,
    "another host",
  );
  await assertRejects(() => clock.complete(dial(pair)), InternodeError, "nothing listens");
  await clock.complete((await listen(pair, [])).close());
});

Deno.test("WebSocket addresses check the path and the token", async () => {
  const pair = makePair(), { clock, network } = pair;
  const address = parseHostAddress("ws://b:80"), signal = new AbortController().signal;
  const authorize = (token: string | null) =>
    token === "good" ? null : `token ${token} is not good`;
  const options = { path: "/grid", accept: () => {}, authorize };
  await clock.complete(network.transport(B).listen(address, options));
  const from = network.transport(A);
  const attempt = (path: string, token?: string) =>
    clock.complete(from.dial(address, { path, token, signal }));
  await assertRejects(() => attempt("/other"), InternodeError, "status 404: it has no /other");
  const refused = await assertRejects(
    () => attempt("/grid"),
    InternodeError,
    "status 401: token null is not good",
  );
  assertEquals([refused.code, refused.origin], ["PermissionDenied", "remote"]);
  await attempt("/grid", "good");
  pair.b.freeze();
  const waiting = watch(attempt("/grid", "good"));
  await clock.advance(1_000);
  assert(!waiting.settled, "an upgrade request waits for the process");
  pair.b.thaw();
  await clock.advance(10);
  assert(waiting.settled);
});

Deno.test("a stall in one direction holds back bytes, and the news of room", async () => {
  const pair = makePair({ bufferBytes: 1_000 }), { clock, network } = pair;
  const [dialler, acceptor] = await connectBytes(pair);
  network.stall(B, A, "oneWay");
  const writing = watch(writeAll(dialler, numbered(5_000)));
  const { bytes } = await clock.complete(readExactly(acceptor, 1_000));
  assertEquals(bytes, numbered(1_000));
  const reading = watch(readExactly(acceptor, 4_000)),
    echo = watch(dialler.read(new Uint8Array(9)));
  await clock.complete(acceptor.write(numbered(9)));
  await clock.advance(60_000);
  assert(!writing.settled && !reading.settled && !echo.settled);
  network.resume(B, A);
  await clock.advance(1_000);
  assert(writing.settled && reading.settled && echo.value !== undefined);
});

Deno.test("a partition stalls links between groups only, in one direction if asked", async () => {
  const pair = makePair(), { clock, network } = pair;
  const [dialler, acceptor] = await connectBytes(pair);
  const send = async (from: typeof dialler, to: typeof dialler) => {
    const reading = watch(to.read(new Uint8Array(1)));
    await clock.complete(from.write(numbered(1)));
    await clock.advance(100);
    return reading;
  };
  network.partition([[A, B]]);
  assert((await send(dialler, acceptor)).settled);
  network.partition([[A]]);
  const heldBack = await send(dialler, acceptor);
  assert(!heldBack.settled);
  network.partition([[A], [B]], "oneWay");
  await clock.advance(100);
  assert(heldBack.settled, "what the first group sends gets through");
  const back = await send(acceptor, dialler);
  assert(!back.settled);
  network.heal();
  await clock.advance(100);
  assert(back.settled);
  assertThrows(() => network.partition([[A], [A]]), InternodeError, "two groups");
});

Deno.test("a killed process: its bytes arrive, then the end; dials are refused", async () => {
  const pair = makePair(), { clock, network } = pair;
  const [dialler, acceptor] = await connectBytes(pair);
  await listen(pair, []);
  await clock.complete(acceptor.write(numbered(10)));
  const orphan = watch(acceptor.read(new Uint8Array(1)));
  network.crash(B);
  assert(!network.isUp(B) && pair.b.stopped);
  const { bytes } = await clock.complete(readExactly(dialler, 99));
  assertEquals(bytes.length, 10);
  await assertRejects(() => clock.complete(dial(pair)), InternodeError, "nothing listens");
  await clock.complete(dialler.write(numbered(10)));
  await clock.advance(10);
  await assertRejects(() => clock.complete(dialler.write(numbered(10))), InternodeError, "reset");
  await clock.advance(100_000);
  assert(!orphan.settled, "a dead process hears nothing");
});

Deno.test("a killed process with unread bytes resets, and so does an explicit reset", async () => {
  for (const how of ["close", "reset"] as const) {
    const pair = makePair(), { clock, network } = pair;
    const [dialler, acceptor] = await connectBytes(pair);
    if (how === "close") await clock.complete(dialler.write(numbered(10)));
    else await clock.complete(acceptor.write(numbered(10)));
    const reading = watch(readExactly(dialler, 99));
    if (how === "close") await clock.advance(10);
    network.crash(B, how);
    await clock.advance(10);
    assert(reading.error instanceof InternodeError && reading.error.code === "Disconnected");
  }
});

Deno.test("a dead machine answers nothing until it is back, then resets", async () => {
  const pair = makePair(), { clock, network } = pair;
  const [dialler] = await connectBytes(pair);
  network.crash(B, "silent");
  const reading = watch(dialler.read(new Uint8Array(1))), dialling = watch(dial(pair));
  await clock.complete(dialler.write(numbered(10)));
  await clock.advance(1_000_000);
  assert(!reading.settled && !dialling.settled);
  network.transport(B, clock.view());
  assert(network.isUp(B));
  await clock.advance(10);
  assert(reading.error instanceof InternodeError && dialling.error instanceof InternodeError);
  const accepted: Channel[] = [];
  await listen(pair, accepted);
  (await clock.complete(dial(pair))).close();
});

Deno.test("what a dead process still does has no effect on its successor", async () => {
  const pair = makePair(), { clock, network } = pair;
  const old = network.transport(B), address = parseHostAddress(B);
  network.crash(B);
  network.transport(B, clock.view());
  const listening = watch(old.listen(address, { path: "/", accept: () => {} }));
  const signal = new AbortController().signal;
  const dialling = watch(old.dial(parseHostAddress(A), { path: "/", signal }));
  await clock.advance(1_000);
  assert(!listening.settled && !dialling.settled && !network.isListening(B));
  await listen(pair, []);
  assertThrows(
    () => network.transport(B, clock.view()),
    InternodeError,
    "runs on memory://b already",
  );
});

Deno.test("a frozen process: its machine accepts, its peers notice nothing but silence", async () => {
  const pair = makePair(), { clock, network } = pair;
  const accepted: Channel[] = [];
  await listen(pair, accepted);
  pair.b.freeze();
  const dialler = await clock.complete(dial(pair), 100);
  if (dialler.kind !== "bytes") throw new Error("not bytes");
  await clock.complete(dialler.write(numbered(10)), 100);
  await clock.advance(50_000);
  assertEquals(accepted.length, 0);
  pair.b.thaw();
  await clock.settle();
  const acceptor = accepted[0]!;
  if (acceptor.kind !== "bytes") throw new Error("not bytes");
  assertEquals((await clock.complete(readExactly(acceptor, 10))).bytes, numbered(10));
  assertEquals(network.openConnections(B), 1);
});

Deno.test("options that make no sense are refused", () => {
  const { network } = makePair();
  const bad = [
    { latencyMinMs: -1 },
    { latencyMinMs: 5, latencyMaxMs: 4 },
    { latencyMaxMs: Infinity },
    { bandwidthBytesPerMs: 0 },
    { stallEveryMs: 0 },
    { stallMs: 1, stallEveryMs: 1 },
    { stallMs: -1, stallEveryMs: 10 },
    { dialFailure: 1.1 },
    { corruption: NaN },
  ];
  for (const options of bad) {
    assertThrows(() => network.setLink(A, B, options), InternodeError);
  }
  network.setLink(A, B, { latencyMinMs: 50 });
  assertEquals(network.link(A, B).latencyMaxMs, 50);
  network.setDefaultLink({ latencyMaxMs: 0.05 });
  assertEquals(network.link(B, A).latencyMinMs, 0.05);
  assertEquals(network.link(A, B).latencyMinMs, 50);
});
