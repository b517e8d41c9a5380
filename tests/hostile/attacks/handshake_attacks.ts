/**
 * Attacks by peers that have not proven themselves.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { sharedSecret } from "@internode/grid";
import { encodeHello, FEATURE_SEAL } from "../../../lib/session/frames/hello.ts";
import { FrameType } from "../../../lib/wire/frame.ts";
import { joined, rawFrame, utf8 } from "../../support/session/raw_frames.ts";
import { peerHello } from "../../support/session/scripted_peer.ts";
import { type Ground, isFirst, isMajor } from "../scene/grounds.ts";
import { RawPeer } from "../scene/raw_peer.ts";
import { openBare } from "../../support/network/raw_socket.ts";
import { type Attack, MAX_GROWTH_BYTES, pause, type Scene } from "../scene/scene.ts";

/** More than are heard at a time. */
const UNPROVEN = 2_000;
const RESETS = 200;
/** How long the victim's handshakes may take, and then some, in milliseconds. */
const HANDSHAKE_MS = 1_700;

type Bare = Awaited<ReturnType<typeof openBare>>;

const withSecret = ({ mutualTls }: Ground): boolean => !mutualTls;
const onWebSocket = ({ scheme }: Ground): boolean => scheme === "ws" || scheme === "wss";

/** The victim's address without whatever stands between it and the bare socket. */
function connectTo({ cast }: Scene): Promise<Bare> {
  return openBare({ url: cast.victim });
}

/** Reads until the other side ends it; what it said. */
async function lastWords(bare: Bare): Promise<string> {
  const buffer = new Uint8Array(4096);
  let text = "";
  for (;;) {
    const count = await bare.read(buffer).catch(() => null);
    if (count === null) return text;
    text += new TextDecoder("latin1").decode(buffer.subarray(0, count));
  }
}

function close(bare: Bare): void {
  try {
    bare.close();
  } catch {
    // The other side was faster.
  }
}

/** Connects as a member of the grid would, up to its hello. */
async function knock(scene: Scene): Promise<RawPeer> {
  const { victim, hostile, secret, tls } = scene.cast;
  const token = secret === null
    ? undefined
    : sharedSecret(secret).token(hostile, victim, Date.now());
  return await RawPeer.connect({ url: victim, tls: tls.get(hostile), token });
}

function hello(scene: Scene, name: string): Uint8Array {
  const authenticates = scene.cast.secret !== null;
  const nonce = crypto.getRandomValues(new Uint8Array(32));
  const payload = encodeHello(peerHello({ name, wallMs: Date.now(), nonce, authenticates }));
  return rawFrame(FrameType.hello, { payload });
}

const silent: Attack = {
  name: `connects ${UNPROVEN} times and sends nothing`,
  on: isMajor,
  // 9 to 14 KiB each, with what is not collected yet.
  maxGrowthBytes: 1.5 * MAX_GROWTH_BYTES,
  act: async (scene) => {
    const bare: Bare[] = [];
    for (let i = 0; i < UNPROVEN; i++) {
      const made = await connectTo(scene).catch(() => null);
      if (made !== null) bare.push(made);
    }
    await pause(HANDSHAKE_MS);
    for (const each of bare) close(each);
    assert(bare.length > UNPROVEN / 2, `${bare.length} connections were made`);
  },
};

/** Members that stop half way, as many as that. */
const halfWay: Attack = {
  name: "connects 100 times with a valid token, and sends no hello",
  on: isMajor,
  logs: /handshake did not complete within/,
  act: async (scene) => {
    const peers: RawPeer[] = [];
    for (let i = 0; i < 100; i++) peers.push(await knock(scene));
    await Promise.all(peers.map((peer) => peer.ending()));
    for (const peer of peers) peer[Symbol.dispose]();
  },
};

const slow: Attack = {
  name: "sends its handshake byte by byte",
  on: isMajor,
  act: async (scene) => {
    const bare = await connectTo(scene);
    const bytes = onWebSocket(scene.ground)
      ? utf8("GET /internode HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n".repeat(20))
      : new Uint8Array([0x40, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0x30, ...new Uint8Array(200)]);
    const startMs = performance.now();
    const ended = onWebSocket(scene.ground) ? pause(HANDSHAKE_MS) : lastWords(bare);
    let isOver = false;
    ended.then(() => isOver = true);
    for (let i = 0; i < bytes.length && !isOver; i++) {
      const sent = await bare.write(bytes.subarray(i, i + 1)).catch(() => 0);
      if (sent === 0) break;
      await pause(20);
    }
    await ended;
    assert(performance.now() - startMs < 4_000, "it was heard for too long");
    close(bare);
  },
};

const garbage: Attack = {
  name: "sends bytes of another protocol",
  on: (ground) => isMajor(ground) && !onWebSocket(ground),
  logs: /announced|handshake|TLS|hello|protocol|wrong version/i,
  act: async (scene) => {
    const bare = await connectTo(scene);
    await bare.write(utf8("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    await lastWords(bare);
    close(bare);
  },
};

const foreignNames: Attack = {
  name: "sends names of 3 KiB and with control characters",
  on: isFirst,
  logs: /a name in its hello/,
  act: async (scene) => {
    for (const name of [`tcp://\u001b[31m\nall is well`, `tcp://${"x".repeat(3_000)}`]) {
      using peer = await knock(scene);
      await peer.send(hello(scene, name));
      assertMatch(await peer.ending(), /a name in its hello/);
    }
    const log = await scene.victim.ask<string[]>("log");
    // deno-lint-ignore no-control-regex -- these are what is looked for
    assert(!log.some((line) => /[\u0000-\u001f]/.test(line)), "control characters in the log");
  },
};

const wrongProof: Attack = {
  name: "does not know the secret",
  on: isFirst,
  logs: /proof of the shared secret is wrong/,
  act: async (scene) => {
    using peer = await knock(scene);
    await peer.send(hello(scene, scene.cast.hostile));
    await peer.expect(FrameType.hello);
    await peer.send(rawFrame(FrameType.proof, { payload: new Uint8Array(32) }));
    assertMatch(await peer.ending(), /proof of the shared secret is wrong/);
  },
};

/** It has no secret, so it has the hello from somebody who has. */
const overheard: Attack = {
  name: "sends a sealed hello again that it has overheard, with a call behind a proof of its own",
  on: (ground) => isFirst(ground) && withSecret(ground),
  logs: /proof of the shared secret is wrong/,
  act: async (scene) => {
    const { secret, hostile, victim } = scene.cast;
    const words = {
      name: hostile,
      wallMs: Date.now(),
      authenticates: true,
      features: FEATURE_SEAL,
    };
    const unsealed = encodeHello(peerHello(words));
    const payload = joined(unsealed, sharedSecret(secret!).seal!(unsealed, victim)!);
    for (let time = 0; time < 20; time++) {
      using peer = await knock(scene);
      await peer.send(rawFrame(FrameType.hello, { payload }));
      const answer = await peer.expect(FrameType.hello);
      assertEquals(answer.payload[8]! & FEATURE_SEAL, FEATURE_SEAL);
      const { payload: proof } = await peer.expect(FrameType.welcome);
      await peer.try(rawFrame(FrameType.proof, { payload: proof }));
      await peer.try(rawFrame(FrameType.request, { id: 1 << 20 }));
      assertMatch(await peer.ending(), /proof of the shared secret is wrong/);
    }
  },
};

const largeHello: Attack = {
  name: "sends a hello of more than 4,096 bytes",
  logs: /a batch of \d+ bytes|a message of more than 4096 bytes/,
  act: async (scene) => {
    using peer = await knock(scene);
    await peer.try(new Uint8Array(5_000));
    await peer.ending();
  },
};

const callsEarly: Attack = {
  name: "calls before the handshake is done",
  on: isFirst,
  logs: /during the handshake instead of/,
  act: async (scene) => {
    using peer = await knock(scene);
    await peer.send(rawFrame(FrameType.request, { id: 1 << 20 }));
    assertMatch(await peer.ending(), /during the handshake instead of/);
  },
};

const resets: Attack = {
  name: `connects and leaves ${RESETS} times`,
  on: isMajor,
  act: async (scene) => {
    for (let i = 0; i < RESETS; i++) {
      const bare = await connectTo(scene);
      if (i % 2 === 0) await bare.write(new Uint8Array(20)).catch(() => 0);
      close(bare);
    }
  },
};

const leaves: Attack = {
  name: "completes the handshake and disconnects without a goodbye, 30 times",
  on: isFirst,
  act: async (scene) => {
    for (let i = 0; i < 30; i++) (await scene.peer())[Symbol.dispose]();
  },
};

const fallsSilent: Attack = {
  name: "completes the handshake and then sends nothing",
  on: isFirst,
  logs: /has sent nothing for/,
  act: async (scene) => {
    using peer = await scene.peer();
    await peer.ending();
  },
};

const noToken: Attack = {
  name: "requests an upgrade without a token, 500 times",
  on: (ground) => onWebSocket(ground) && withSecret(ground),
  act: async (scene) => {
    for (let i = 0; i < 500; i++) {
      const error = await assertRejects(() => RawPeer.connect({ url: scene.cast.victim }), Error);
      assertEquals(/HTTP\/1.1 401/.test(error.message), true, error.message);
    }
  },
};

const text: Attack = {
  name: "sends a WebSocket text message",
  on: onWebSocket,
  logs: /not binary/,
  act: async (scene) => {
    using peer = await scene.peer();
    await peer.socket.raw(new Uint8Array([0x81, 0x81, 0, 0, 0, 0, 0x41]));
    await peer.ending();
  },
};

/** Attacks by those who are not let in, or hardly. */
export const handshakeAttacks: readonly Attack[] = [
  silent,
  halfWay,
  slow,
  garbage,
  foreignNames,
  wrongProof,
  overheard,
  largeHello,
  callsEarly,
  resets,
  leaves,
  fallsSilent,
  noToken,
  text,
];
