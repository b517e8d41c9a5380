/** How each frame of the vectors comes about: what a session is made to send. */

import { FrameType } from "../../lib/wire/frame.ts";
import { numbered, rawCodec } from "../support/session/calls.ts";
import { encodeName } from "../../lib/session/frames/handler_name.ts";
import { FEATURE_NAME_REUSE } from "../../lib/session/frames/hello.ts";
import { errorPayload, joined, rawFrame, u32 } from "../support/session/raw_frames.ts";
import { ANSWER_RECIPES } from "./answer_recipes.ts";
import { PRIORITY_RECIPES } from "./priority_recipes.ts";
import {
  caller,
  failure,
  finish,
  type FrameRecipe,
  goodbye,
  GROWN_WINDOW,
  handshake,
  ID,
  responder,
  sent,
  stream,
} from "./recipe_makers.ts";
import { ScriptedPeer } from "../support/session/scripted_peer.ts";

/** All recipes, by frame type. */
export const FRAME_RECIPES: readonly FrameRecipe[] = [
  {
    name: "hello of the dialler",
    description:
      "from tcp://a:1, which looks for tcp://b:2; default limits, no secret, no checksums",
    make: () => sent(new ScriptedPeer("dialler", { peerName: "tcp://b:2" }), FrameType.hello),
  },
  {
    name: "hello of the acceptor",
    description: "from tcp://b:2, which talks to anyone it admits",
    make: handshake(FrameType.hello, "acceptor"),
  },
  {
    name: "hello of a dialler that renews",
    description:
      "from tcp://a:1, feature bits 1 and 2: the connection from before goes on until its calls have ended",
    make: () =>
      sent(
        new ScriptedPeer("dialler", { peerName: "tcp://b:2", renews: true }),
        FrameType.hello,
      ),
  },
  {
    name: "welcome without a secret",
    description: "no payload",
    make: handshake(FrameType.welcome, "acceptor"),
  },
  {
    name: "goodbye",
    description: "code Closed, argument 1: the sender has run no call, the text is the reason",
    make: goodbye("Closed", "this node is closing"),
  },
  {
    name: "goodbye of who may have run calls",
    description: "code Closed, argument 0: a name of the receiver's had come",
    make: goodbye("Closed", "this node is closing", (peer) => {
      peer.send(rawFrame(FrameType.name, { payload: encodeName("lock.acquire", "") }));
    }),
  },
  {
    name: "goodbye after a breach",
    description: "code ProtocolError: a frame of a type that there is not had come",
    make: caller(FrameType.goodbye, (peer) => peer.send(rawFrame(99))),
  },
  {
    name: "goodbye after a renewal",
    description: "code GoingAway: what still runs has outlasted the grace time",
    make: goodbye("GoingAway", "open it again"),
  },
  {
    name: "goodbye to a host that is not listed",
    description: "code NotListed: the dialler may try again soon",
    make: goodbye("NotListed", "not yet"),
  },
  {
    name: "drain",
    description: "no new calls, please",
    make: caller(FrameType.drain, ({ side, nowMs }) => side.session.startDraining(nowMs)),
  },
  {
    name: "drain of who is not listed any more",
    description: "argument 3: no new calls, please; the sender may list the receiver again",
    make: caller(FrameType.drain, ({ side, nowMs }) => side.session.sendDrain("unlisted", nowMs)),
  },
  {
    name: "drain of a connection that is not used",
    description: "argument 4: who needs a connection makes another",
    make: caller(FrameType.drain, ({ side, nowMs }) => side.session.sendDrain("idle", nowMs)),
  },
  {
    name: "drain that asks for a renewal",
    description: "argument 1: a new connection in place of this one, please",
    make: caller(FrameType.drain, ({ side, nowMs }) => side.session.sendDrain("renewal", nowMs)),
  },
  {
    name: "drain after a renewal",
    description:
      "argument 2: there is a newer connection, and no more calls of mine come on this one",
    make: caller(FrameType.drain, ({ side, nowMs }) => side.session.sendDrain("replaced", nowMs)),
  },
  {
    name: "name",
    description: "number 0 is for handler lock.acquire",
    make: caller(FrameType.name, ({ side }) => side.request("lock.acquire", null)),
  },
  ...PRIORITY_RECIPES,
  {
    name: "name with a subroute",
    description: "number 1 is for handler disk.read, subroute sdä",
    make: caller(FrameType.name, ({ side }) => {
      side.request("lock.acquire", null);
      side.request("disk.read", null, { subroute: "sdä" });
    }, 1),
  },
  {
    name: "name given anew",
    description:
      "both hellos have feature bit 2; 64 names, numbers 0 to 63, were called in vain: number 63 means lock.acquire from here on",
    make: () => {
      const peer = ScriptedPeer.open("dialler", {}, { features: FEATURE_NAME_REUSE });
      for (let n = 0; n < 64; n++) peer.side.request(`nobody ${n}`, null);
      const requests = peer.frames().splice(0).filter(({ type }) => type === FrameType.request);
      for (const { id } of requests) {
        const payload = errorPayload(1, "There is no handler here.");
        peer.send(rawFrame(FrameType.error, { id, code: 5, payload }));
      }
      peer.side.request("lock.acquire", null);
      return sent(peer, FrameType.name);
    },
  },
  {
    name: "ping of the connection",
    description: "the first one: number 1",
    make: caller(FrameType.ping, (peer) => {
      peer.nowMs += 10_000;
      peer.side.session.onTimer(peer.nowMs);
    }),
  },
  {
    name: "ping of a stream",
    description: "asks whether the peer still knows the stream",
    make: () => {
      const peer = ScriptedPeer.open("dialler");
      peer.side.open("keep", null, { input: 1 });
      for (let n = 1; n <= 2; n++) {
        peer.nowMs += 10_000;
        peer.side.session.onTimer(peer.nowMs);
        peer.send(rawFrame(FrameType.pong, { argument: n }));
      }
      const frame = peer.frames().find(({ type, id }) => type === FrameType.ping && id !== 0)!;
      return rawFrame(frame.type, frame);
    },
  },
  {
    name: "pong",
    description: "answers the ping of that number",
    make: caller(
      FrameType.pong,
      (peer) => peer.send(rawFrame(FrameType.ping, { argument: 0x0102_0304 })),
    ),
  },
  {
    name: "window",
    description: "gives 16,777,344 bytes of the budget back: 2 × (8,388,544 + 128)",
    make: () => {
      const peer = ScriptedPeer.open("acceptor", { limits: { maxFragmentBytes: 1_048_576 } });
      for (let n = 0; n < 2; n++) {
        const total = 8 * 1024 * 1024 - 64;
        const id = (n + 1) << 20;
        const first = new Uint8Array(4 + 1_048_576);
        first.set(u32(total));
        peer.send(
          ...(n === 0 ? [peer.name(0, "nobody")] : []),
          peer.request(id, { flags: 8, payload: first }),
        );
        for (let left = total - 1_048_576; left > 0; left -= 1_048_576) {
          const payload = new Uint8Array(Math.min(left, 1_048_576));
          peer.send(rawFrame(FrameType.openerFragment, { id, payload }));
        }
      }
      return sent(peer, FrameType.window);
    },
  },
  {
    name: "arrived",
    description: "65,536 bytes of bulk in all have come: a piece, without the u32 before it",
    make: () => {
      const peer = ScriptedPeer.open("acceptor");
      const payload = new Uint8Array(65_536);
      peer.send(peer.request(ID, { flags: 8, payload: joined(u32(200_000), payload) }));
      return sent(peer, FrameType.arrived);
    },
  },
  {
    name: "request",
    description: "5 bytes to name number 0, 1,500 ms left",
    make: caller(
      FrameType.request,
      ({ side, nowMs }) => side.request("keep", numbered(5), { deadlineMs: nowMs + 1500 }),
    ),
  },
  {
    name: "request without a deadline, payload null",
    description: "kind 1",
    make: caller(FrameType.request, ({ side }) => side.request("keep", null)),
  },
  {
    name: "request, payload absent",
    description: "kind 2",
    make: caller(FrameType.request, ({ side }) => side.request("keep", undefined)),
  },
  {
    name: "request, payload empty",
    description: "kind 0 and no bytes, which is neither null nor absent",
    make: caller(FrameType.request, ({ side }) => side.request("keep", new Uint8Array(0))),
  },
  {
    name: "request with metadata",
    description: "trace: a1, then 3 bytes of payload; the second use of slot 0",
    make: caller(FrameType.request, (peer) => {
      const call = peer.side.request("keep", null);
      peer.send(rawFrame(FrameType.response, { id: call.id }));
      peer.side.request("keep", numbered(3), { metadata: { trace: "a1" } });
    }, 1),
  },
  {
    name: "first piece of a request",
    description: "of 70,000 bytes, to a peer that takes pieces of 1,024",
    make: () => {
      const peer = ScriptedPeer.open("dialler", {}, { maxFragmentBytes: 1024 });
      peer.side.request("keep", numbered(70_000));
      return sent(peer, FrameType.request);
    },
  },
  {
    name: "last piece of a request",
    description: "the 376 bytes that are left after 68 pieces of 1,024",
    make: () => {
      const peer = ScriptedPeer.open("dialler", {}, { maxFragmentBytes: 1024 });
      peer.side.request("keep", numbered(70_008));
      return sent(peer, FrameType.openerFragment, 67);
    },
  },
  {
    name: "open",
    description: "outputs 16, inputs 4, 2 bytes of initial payload",
    make: caller(
      FrameType.open,
      ({ side }) => side.open("keep", numbered(2), { output: 16, input: 4 }),
    ),
  },
  {
    name: "open with metadata, initial payload absent",
    description: "outputs only",
    make: caller(
      FrameType.open,
      ({ side }) => side.open("keep", undefined, { output: 1, metadata: { k: "" } }),
    ),
  },
  {
    name: "input",
    description: "number 1 of a stream: the second message",
    make: caller(FrameType.input, ({ side }) => {
      const { send } = side.open("keep", null, { input: 4 });
      send!.send(rawCodec, numbered(1));
      send!.send(rawCodec, numbered(4));
    }, 1),
  },
  {
    name: "input, payload null",
    description: "it counts like any other",
    make: caller(
      FrameType.input,
      ({ side }) => side.open("keep", null, { input: 4 }).send!.send(rawCodec, null),
    ),
  },
  {
    name: "end of inputs",
    description: "after 2 messages",
    make: caller(FrameType.inputEnd, ({ side, nowMs }) => {
      const { send } = side.open("keep", null, { input: 4 });
      send!.send(rawCodec, numbered(1));
      send!.send(rawCodec, undefined);
      send!.end(() => {}, nowMs);
    }),
  },
  {
    name: "cancel of a request",
    description: "code Cancelled, the text is the reason",
    make: caller(
      FrameType.cancel,
      ({ side }) => side.cancel(side.request("keep", null), new Error("user left")),
    ),
  },
  {
    name: "cancel at a deadline",
    description: "code DeadlineExceeded",
    make: caller(FrameType.cancel, (peer) => {
      peer.side.request("keep", null, { deadlineMs: peer.nowMs + 5 });
      peer.frames();
      peer.nowMs += 5;
      peer.side.session.onTimer(peer.nowMs);
    }),
  },
  {
    name: "output credit",
    description: "2 more messages; 2 × (10 + 128) bytes were consumed",
    make: caller(FrameType.outputCredit, (peer) => {
      const { id } = peer.side.open("keep", null, { output: 4 });
      for (let argument = 0; argument < 2; argument++) {
        peer.send(rawFrame(FrameType.output, { id, argument, payload: numbered(10) }));
      }
    }),
  },
  {
    name: "input credit",
    description: "4 more messages; 4 × 128 bytes were consumed",
    make: responder(FrameType.inputCredit, (_kept, peer) => {
      for (let argument = 0; argument < 4; argument++) {
        peer.send(rawFrame(FrameType.input, { id: ID | 1, argument }));
      }
    }),
  },
  GROWN_WINDOW,
  {
    name: "response",
    description: "6 bytes",
    make: responder(FrameType.response, (kept) => finish(kept, numbered(6))),
  },
  {
    name: "response, payload null",
    description: "kind 1",
    make: responder(FrameType.response, (kept) => finish(kept, null)),
  },
  {
    name: "response, payload absent",
    description: "kind 2",
    make: responder(FrameType.response, (kept) => finish(kept, undefined)),
  },
  {
    name: "last piece of a response",
    description: "the 4,464 bytes that are left of 70,000 after a piece of 65,536",
    make: responder(FrameType.responderFragment, (kept) => finish(kept, numbered(70_000))),
  },
  {
    name: "error",
    description: "code HandlerFailed, outcome executed, no detail",
    make: responder(FrameType.error, (kept) => {
      const call = kept.requests[0]!;
      call.responder.failCall(call, failure, null, 1000);
    }),
  },
  {
    name: "error with a detail",
    description: "the detail has 3 bytes",
    make: responder(FrameType.error, (kept) => {
      const call = kept.requests[0]!;
      call.responder.failCall(call, failure, numbered(3), 1000);
    }),
  },
  {
    name: "error for an unknown handler",
    description: "code UnknownHandler, outcome notExecuted",
    make: responder(
      FrameType.error,
      (_kept, peer) => peer.send(peer.name(1, "nobody"), peer.request(ID | 2, { code: 1 })),
    ),
  },
  {
    name: "output",
    description: "number 0 of a stream",
    make: responder(FrameType.output, (kept) => stream(kept).send!.send(rawCodec, numbered(7))),
  },
  {
    name: "output, payload absent",
    description: "number 1 of a stream",
    make: responder(FrameType.output, (kept) => {
      stream(kept).send!.send(rawCodec, null);
      stream(kept).send!.send(rawCodec, undefined);
    }, 1),
  },
  {
    name: "end of outputs",
    description: "after 1 message; the stream has ended well",
    make: responder(FrameType.outputEnd, (kept) => {
      stream(kept).send!.send(rawCodec, numbered(7));
      stream(kept).responder.finishStream(stream(kept), 1000);
    }),
  },
  ...ANSWER_RECIPES,
];
