import { assertEquals, assertRejects } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import { parseHostAddress } from "../../../lib/runtime/host_address.ts";
import { memoryTransport } from "../../../lib/transport/memory/memory.ts";
import { memoryPair } from "../../../lib/transport/memory/memory_channel.ts";
import { Acceptor, dialOptions, turns } from "../../support/channels/acceptor.ts";
import { testTransport } from "../../support/channels/channel_conformance.ts";

let made = 0;

testTransport({
  name: "memory",
  permitted: true,
  transport: memoryTransport,
  freshAddress: () => `memory://node-${++made}`,
  acceptedRemote: "memory://node-",
});

Deno.test("memory: nodes of two transports do not meet", async () => {
  const acceptor = await Acceptor.on(memoryTransport(), "memory://a");
  await assertRejects(
    () => memoryTransport().dial(parseHostAddress("memory://a"), dialOptions()),
    InternodeError,
    "memory://a",
  );
  await acceptor.end();
});

Deno.test("memory: nothing is called from within a call", async () => {
  const [near, far] = memoryPair("far", "near");
  let calling = false;
  const heard: string[] = [];
  const hear = (what: string): void => {
    heard.push(calling ? `${what} within a call` : what);
  };
  const listenTo = (name: string) => ({
    onMessage: () => hear(`${name} message`),
    onDrain: () => hear(`${name} drain`),
    onClose: (reason: string) => hear(`${name} ${reason}`),
  });
  calling = true;
  near.send(new Uint8Array(1));
  near.send(new Uint8Array(2 * 1024 * 1024));
  assertEquals(near.congested, true);
  near.start(listenTo("near"));
  far.start(listenTo("far"));
  calling = false;
  while (heard.length < 3) await turns(1);
  calling = true;
  far.close();
  calling = false;
  while (heard.length < 5) await turns(1);
  assertEquals(heard, [
    "far message",
    "far message",
    "near drain",
    "far closed by this side",
    "near closed by the other side",
  ]);
});

Deno.test("memory: a receiver that closes gets no further message", async () => {
  const [near, far] = memoryPair("far", "near");
  const heard: string[] = [];
  near.start({ onMessage() {}, onDrain() {}, onClose: () => heard.push("near closed") });
  far.start({
    onMessage: ([first]) => {
      heard.push(`message ${first}`);
      far.close();
    },
    onDrain() {},
    onClose: () => heard.push("far closed"),
  });
  near.send(new Uint8Array([1]));
  near.send(new Uint8Array([2]));
  while (heard.length < 3) await turns(1);
  assertEquals(heard.sort(), ["far closed", "message 1", "near closed"]);
});
