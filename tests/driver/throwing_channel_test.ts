/**
 * Channels of a user's own that throw where they should reject, or should not fail at all.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { InternodeError } from "@internode/grid";
import { VirtualClock } from "@internode/grid/testing";
import { ByteLink } from "../../lib/driver/byte_link.ts";
import type { Link, LinkDelegate } from "../../lib/driver/link.ts";
import { MessageLink } from "../../lib/driver/message_link.ts";
import type {
  ByteChannel,
  Channel,
  MessageChannel,
} from "../../lib/transport/channel/transport.ts";
import { sessionOptions } from "../support/session/options.ts";

/** Notes the end of a link. */
class Watcher implements LinkDelegate {
  closed: InternodeError | null = null;
  gone = 0;

  checkPeer(): null {
    return null;
  }
  resolve(): null {
    return null;
  }
  onOpen(): void {}
  onDraining(): void {}
  onClosed(_link: Link, error: InternodeError): void {
    this.closed = error;
  }
  onGone(): void {
    this.gone++;
  }
}

const never = new Promise<never>(() => {});

const bytes: ByteChannel = {
  kind: "bytes",
  remote: "nowhere",
  integrity: false,
  read: () => never,
  write: () => never,
  close() {},
};
const messages: MessageChannel = {
  kind: "messages",
  remote: "nowhere",
  congested: false,
  start() {},
  send() {},
  close() {},
};

function fail(): never {
  throw new Error("the channel throws");
}

/** Makes a link on a channel, as the side that speaks first. */
function linkOn(channel: Channel, clock: VirtualClock, watcher: LinkDelegate): Link {
  const options = sessionOptions("dialler", { envelope: channel.kind === "bytes" });
  return channel.kind === "bytes"
    ? new ByteLink(channel, options, watcher, clock, 1_000)
    : new MessageLink(channel, options, watcher, clock, 1_000);
}

const THROWING: Readonly<Record<string, Channel>> = {
  "read": { ...bytes, read: fail },
  "write": { ...bytes, write: fail },
  "start": { ...messages, start: fail },
  "send": { ...messages, send: fail },
  "limitMessages": { ...messages, limitMessages: fail },
};

for (const [method, channel] of Object.entries(THROWING)) {
  Deno.test(`a channel whose ${method} throws is a connection that was lost`, async () => {
    const clock = new VirtualClock(), watcher = new Watcher();
    linkOn(channel, clock, watcher);
    assertEquals(watcher.gone, 0, "not within the constructor");
    await clock.settle();
    assertEquals([watcher.closed?.code, watcher.gone], ["Disconnected", 1]);
    assert(watcher.closed!.message.includes("the channel throws"), watcher.closed!.message);
    assertEquals(clock.pendingEvents, 0);
  });
}

for (const kind of [bytes, messages]) {
  Deno.test(`a channel of ${kind.kind} whose close throws is closed all the same`, async () => {
    const clock = new VirtualClock(), watcher = new Watcher();
    const link = linkOn({ ...kind, close: fail }, clock, watcher);
    link.session.onLost("the test ends it", link.beginTurn());
    await clock.advance(2_000);
    assertEquals(watcher.gone, 1);
    assertEquals(clock.pendingEvents, 0);
  });
}

/** Of a channel of bytes whose reads and writes, one after the other, return this, nothing but the connection is lost. */
async function assertLost(returned: () => unknown, what: string): Promise<void> {
  for (const method of ["read", "write"]) {
    const clock = new VirtualClock(), watcher = new Watcher();
    linkOn({ ...bytes, [method]: returned } as unknown as Channel, clock, watcher);
    await clock.settle();
    assertEquals([watcher.closed?.code, watcher.gone], ["Disconnected", 1], `${method}: ${what}`);
    assertEquals(clock.pendingEvents, 0);
  }
}

Deno.test("a channel that returns an impossible count is a lost connection", async () => {
  for (const count of [0, -1, NaN, 1.5, Infinity, 1e9, "4", undefined, {}]) {
    await assertLost(() => Promise.resolve(count), String(count));
  }
});

Deno.test("a channel that returns no promise, or a broken one, is a connection that was lost", async () => {
  const then = {
    get then(): never {
      return fail();
    },
  };
  for (const returned of [5, null, undefined, { then: 5 }, { then: fail }, then]) {
    await assertLost(() => returned, Deno.inspect(returned, { getters: false }));
  }
});
