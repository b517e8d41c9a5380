/** The floor: it echoes over each kind of transport, and by mutual TLS to nobody without a certificate. @module */

import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { connect } from "node:tls";
import { CHUNK_SIZES, measureOneWay, serveOneWay } from "../../bench/bytes/one_way.ts";
import { measureBareMux } from "../../bench/rpc/bare_mux.ts";
import {
  type FloorHost,
  measureFloor,
  measureRoundTrips,
  serveFloor,
} from "../../bench/rpc/floor.ts";
import { freePorts } from "../../tools/network/free_ports.ts";
import { makeIdentities } from "../../bench/rpc/identities.ts";
import { FLOOR_NAME, type NodeIdentity } from "../../bench/rpc/identity.ts";
import { FILES, NET } from "../support/permitted.ts";

/** So short that what counts is that it ends. */
const SECONDS = 0.01;

async function withIdentity(
  work: (identity: NodeIdentity, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const [identity] = await makeIdentities([["tls://127.0.0.1:1"]]);
    await work(identity!, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function measureBoth(host: FloorHost): Promise<void> {
  await using _server = await serveFloor(host);
  const trips = await measureRoundTrips(host, 40_000, SECONDS);
  assertGreaterOrEqual(trips.length, 1);
  assertEquals(trips, trips.toSorted());
  assertGreaterOrEqual(await measureFloor(host, SECONDS), 1);
  assertGreaterOrEqual(await measureFloor(host, SECONDS, 4_096, 1_024), 1);
  // Where the machine stands still, no time is left: one at least, all the same.
  assertEquals((await measureRoundTrips(host, 40_000, 0)).length, 1);
  assertGreaterOrEqual(await measureFloor(host, 0), 1);
}

for (const scheme of ["tcp", "ws", "memory"]) {
  Deno.test({
    name: `the floor over ${scheme} gives back what it was sent`,
    ignore: scheme !== "memory" && !NET,
    async fn() {
      const place = scheme === "memory" ? "floor-test" : `127.0.0.1:${freePorts(1)[0]}`;
      await measureBoth({ href: `${scheme}://${place}`, identity: null });
    },
  });
}

for (const scheme of ["tcp", "ws"]) {
  Deno.test({
    name: `a raw transfer over ${scheme} goes one way, whichever`,
    ignore: !NET,
    async fn() {
      const host = { href: `${scheme}://127.0.0.1:${freePorts(1)[0]}`, identity: null };
      await using _server = await serveOneWay(host);
      for (const chunkBytes of CHUNK_SIZES) {
        for (const direction of ["in", "out"] as const) {
          assertGreaterOrEqual(await measureOneWay(host, direction, chunkBytes, SECONDS), 1);
        }
      }
    },
  });
}

Deno.test({
  name: "a bare mux asks the floor over streams of bytes, and over nothing else",
  ignore: !NET,
  async fn() {
    for (const scheme of ["tcp", "ws"]) {
      const host = { href: `${scheme}://127.0.0.1:${freePorts(1)[0]}`, identity: null };
      await using _server = await serveFloor(host);
      for (const work of [{ size: 0, inflight: 1 }, { size: 3_000, inflight: 200 }]) {
        const rate = await measureBareMux(host, work, SECONDS);
        if (scheme === "tcp") assertGreaterOrEqual(rate!, 1);
        else assertEquals(rate, null);
      }
    }
  },
});

for (const scheme of ["tls", "unix"]) {
  Deno.test({
    name: `the floor of mutual TLS over ${scheme === "tls" ? "tcp" : scheme} does so too`,
    ignore: !NET || !FILES,
    fn: () =>
      withIdentity(async (identity, folder) => {
        const place = scheme === "unix" ? `${folder}/floor.sock` : `127.0.0.1:${freePorts(1)[0]}`;
        await measureBoth({ href: `${scheme}://${place}`, identity });
      }),
  });
}

Deno.test({
  name: "the floor of mutual TLS gives nothing to who shows no certificate",
  ignore: !NET || !FILES,
  fn: () =>
    withIdentity(async (identity) => {
      const port = freePorts(1)[0]!;
      await using _server = await serveFloor({ href: `tls://127.0.0.1:${port}`, identity });
      const socket = connect({ host: "127.0.0.1", port, ca: identity.ca, servername: FLOOR_NAME });
      let heard = 0;
      await new Promise<void>((resolve) => {
        socket.on("secureConnect", () => socket.write("hello"));
        socket.on("data", (bytes: Uint8Array) => {
          heard += bytes.length;
          socket.destroy();
        });
        socket.on("error", () => {});
        socket.on("close", () => resolve());
      });
      assertEquals(heard, 0);
      assert(socket.destroyed);
    }),
});
