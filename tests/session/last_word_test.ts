import { assertEquals } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import { FrameType } from "../../lib/wire/frame.ts";
import { EchoTarget, numbered } from "../support/session/calls.ts";
import { typeName } from "../support/session/raw_frames.ts";
import { ScriptedPeer } from "../support/session/scripted_peer.ts";

Deno.test("a goodbye is the last frame, however much waits before it", () => {
  const peer = ScriptedPeer.open("acceptor");
  peer.side.handlers.set("echo", new EchoTarget());
  peer.send(peer.name(0, "echo"));
  const requests = Array.from(
    { length: 100 },
    (_, slot) => peer.request(1 << 20 | slot, { payload: numbered(1000) }),
  );
  peer.send(...requests);
  peer.side.session.close(new InternodeError("Closed", "closing"), peer.nowMs);
  const types = peer.frames().map(({ type }) => typeName(type));
  assertEquals(types.filter((type) => type === typeName(FrameType.response)).length, 100);
  assertEquals(types.lastIndexOf("goodbye"), types.length - 1);
  assertEquals(types.indexOf("goodbye"), types.length - 1);
});

Deno.test("a goodbye is said once, whatever still comes", () => {
  const peer = ScriptedPeer.open("acceptor");
  peer.send(peer.name(0, "n".repeat(255)));
  const requests = Array.from({ length: 2_000 }, () => peer.request(1 << 20));
  for (let batch = 0; batch < 100 && peer.side.closed === null; batch++) peer.send(...requests);
  assertEquals(peer.side.closed?.code, "ProtocolError");
  peer.send(...requests);
  peer.send(...requests);
  const types = peer.frames().map(({ type }) => typeName(type));
  assertEquals(types.filter((type) => type === "goodbye").length, 1);
});
