import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  connect,
  constantResolver,
  HandlerMap,
  makeMethodKey,
  memory,
  method,
  service,
} from "../../../call.ts";
import { InternodeError } from "../../../lib/errors.ts";
import { Manager, single, stream } from "../../../mod.ts";
import { QuietLogger } from "../../support/log/quiet.ts";

/** Half of a character: the other surrogate is missing. */
const HALF = "a\ud800";
const hosts = ["memory://odd-a", "memory://odd-b"] as const;
const quiet = new QuietLogger();
const resolver = constantResolver(memory("odd-nobody"));

/** It is refused as an argument that makes no sense, and the text says which. */
function assertRefused(act: () => unknown, part: string): void {
  const error = assertThrows(act, InternodeError, part);
  assertEquals(error.code, "InvalidArgument");
}

/** The same of what fails later. */
async function assertRejected(act: () => Promise<unknown>, part: string): Promise<void> {
  const error = await assertRejects(act, InternodeError, part);
  assertEquals(error.code, "InvalidArgument");
}

Deno.test("text that is not Unicode is refused in every name, as it would be changed on its way", async () => {
  assertRefused(() => single(HALF), "half a character");
  assertRefused(() => stream(HALF, { inputCapacity: 0, outputCapacity: 1 }), "half a character");
  assertRefused(() => makeMethodKey(HALF, "get"), "half a character");
  assertRefused(() => makeMethodKey("cache", HALF), "half a character");
  assertRefused(() => service(HALF, { get: method() }), "half a character");
  assertRefused(() => service("cache", { [HALF]: method() }), "half a character");
  assertRefused(() => new HandlerMap().set(HALF, "get", (bytes) => bytes), "half a character");
  assertRefused(() => new Manager({ local: `unix:///${HALF}`, hosts: [] }), "half a character");
  assertRefused(() => new Manager({ local: hosts[0], hosts: [`memory://${HALF}`] }), "half a char");
  for (const name of [HALF, "a\nb", ""]) {
    await assertRejected(() => connect(resolver, { name, logger: quiet }), "Option name");
  }
});

Deno.test("a call refuses a subroute, metadata and spinUs that make no sense, and nothing is sent", async () => {
  await using server = new Manager({ local: hosts[0], hosts, logger: quiet });
  await using user = new Manager({ local: hosts[1], hosts, logger: quiet });
  const disk = single("disk"), none = new Uint8Array(0);
  assertRefused(
    () => server.handle(disk, (bytes) => bytes, { subroutes: ["sda", HALF] }),
    "half a character",
  );
  server.handle(disk, (bytes) => bytes);
  await Promise.all([server.listen(), user.listen()]);
  await user.waitForConnect();
  const peer = user.connection(hosts[0]);
  await assertRejected(() => peer.request(disk, none, { subroute: HALF }), "half a character");
  for (const metadata of [{ [HALF]: "value" }, { key: HALF }]) {
    await assertRejected(() => peer.request(disk, none, { metadata }), "half a character");
  }
  for (const spinUs of [NaN, -1, Infinity]) {
    await assertRejected(() => peer.request(disk, none, { spinUs }), "spinUs must be");
    await using client = await connect(resolver, { logger: quiet });
    const key = makeMethodKey("cache", "get");
    await assertRejected(() => client.call(key, none, { spinUs }), "spinUs must be");
  }
  const metadata = { "\ufeffkey": "\ufeffvalue" };
  let heard: unknown;
  server.handle(single("hear"), (_request, context) => {
    heard = { ...context.metadata };
    return new Uint8Array(0);
  });
  await peer.request(single("hear"), none, { metadata });
  assertEquals(heard, metadata, "a byte order mark is part of the text");
});

Deno.test("numbers that make no sense are refused where they are given, on both faces", async () => {
  for (const spinUs of [NaN, -1, Infinity]) {
    assertRefused(() => new Manager({ local: hosts[0], hosts, spinUs }), "spinUs");
    await assertRejected(() => connect(resolver, { spinUs }), "spinUs");
  }
  const manager = new Manager({ local: hosts[0], hosts, logger: quiet });
  for (const value of [NaN, -1, 0.5, 1.5]) {
    for (const option of ["concurrency", "queue"]) {
      const part = `${option} must be a whole number`;
      assertRefused(() => manager.handle(single("a"), (b) => b, { [option]: value }), part);
      assertRefused(() => new HandlerMap().set("a", "b", (b) => b, { [option]: value }), part);
    }
  }
  assertRefused(() => manager.handle(single("a"), (b) => b, { concurrency: 0 }), "at least 1");
  manager.handle(single("a"), (b) => b, { concurrency: Infinity, queue: Infinity });
  await manager.close();
});
