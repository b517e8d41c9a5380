/** The peer in Python, which was written from PROTOCOL.md alone, and this implementation. @module */

import { type Connection, InternodeError, Manager, sharedSecret, single } from "@internode/grid";
import * as call from "@internode/grid/call";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { freePorts } from "../../tools/network/free_ports.ts";
import { dials } from "../../lib/grid/dialler.ts";
import { QuietLogger } from "../support/log/quiet.ts";
import { assertPayload, numbered } from "../support/session/calls.ts";
import { checkPeer } from "./checks.ts";
import { Interop, InteropServer } from "./contracts.ts";
import { type Case, testBeside } from "../support/beside.ts";
import { type Setup, SETUPS, titleOf } from "./setups.ts";
import { PYTHON, PythonPeer } from "./python_peer.ts";

const SECRET = "a secret for both languages";

/** Two hosts of which the one that is wanted dials: ours, and the peer's. */
function hostsOf({ scheme, peerDials }: Setup, folder: string): [own: string, peer: string] {
  for (let n = 0;; n++) {
    const names = scheme === "tcp"
      ? freePorts(2).map((port) => `tcp://127.0.0.1:${port}`)
      : [`unix://${folder}/own-${n}.sock`, `unix://${folder}/peer-${n}.sock`];
    const [own, peer] = names as [string, string];
    if (dials(peer, own) === peerDials) return [own, peer];
  }
}

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "interop-" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Serves all of it on a node. */
function serveOn(manager: Manager): InteropServer {
  const server = new InteropServer();
  for (const [name, method] of Object.entries(Interop.methods)) {
    manager.handle(method.contract as never, server[name as keyof InteropServer] as never);
  }
  return server;
}

/** One wait was given up when it had begun, the time of another one ran out. */
function assertCancelled({ begun, cancelled }: InteropServer["waits"]): void {
  assert(begun >= 1, "no wait has begun");
  assertEquals(cancelled, begun);
}

/** Names that the peer has no handler for: their numbers are given to others. */
async function checkNames(connection: Connection): Promise<void> {
  for (let n = 0; n < 150; n++) {
    const nobody = single(`nobody ${n}`);
    const error = await assertRejects(() => connection.request(nobody, EMPTY), InternodeError);
    assertEquals(error.code, "UnknownHandler");
  }
  assertEquals(await connection.request(Interop.methods.echo.contract, EMPTY), EMPTY);
}
const EMPTY = new Uint8Array(0);

/** Whether batches carry checksums then. */
function areAgreed({ scheme, checksums }: Setup): boolean {
  return checksums && scheme === "tcp";
}

const cases: Case[] = [];

for (const setup of SETUPS) {
  const { secret, checksums, peerDials } = setup;
  const common = {
    auth: secret ? sharedSecret(SECRET) : undefined,
    checksums,
    limits: { maxFragmentBytes: 4096 },
    pingIntervalMs: 20,
  };

  cases.push({
    name: `a node and the peer call each other ${titleOf(setup)}`,
    ignore: PYTHON.ignore,
    fn: () =>
      withFolder(async (folder) => {
        const [own, peer] = hostsOf(setup, folder), logger = new QuietLogger();
        await using manager = new Manager({ local: own, hosts: [own, peer], logger, ...common });
        const server = serveOn(manager);
        // Who dials must find the other one listening.
        if (peerDials) await manager.listen();
        await using python = new PythonPeer({
          mode: "peer",
          face: "grid",
          own: peer,
          other: own,
          secret: secret ? SECRET : "",
          checksums,
          metadata: setup.metadata,
          windows: setup.windows,
          ends: setup.ends,
        });
        if (!peerDials) {
          await python.expect("listening");
          await manager.listen();
        }
        const connection = manager.connection(peer);
        const opened = await python.expect("open");
        assertEquals(opened, {
          event: "open",
          dialler: peerDials,
          name: own,
          checksums: areAgreed(setup),
        });
        const stub: Pick<call.ServiceConnection, "request" | "stream"> = {
          request: (method, request, options) =>
            connection.request(method.contract, request, { ...options, waitForReady: true }),
          stream: (method, initial, options) =>
            connection.stream(method.contract, initial, { ...options, waitForReady: true }),
        };
        const [{ checks }] = await Promise.all([
          python.expect("checked"),
          checkPeer(call.client(Interop, stub), setup.metadata),
        ]);
        assert((checks as string[]).length >= 17, String(checks));
        await checkNames(connection);
        assertCancelled(server.waits);
        await python.release();
        const { waits } = await python.expect("served");
        assertCancelled(waits as InteropServer["waits"]);
        if (setup.ends === "there") await manager.close();
        const ended = await python.expect("ended");
        assertEquals(ended["code"], 12);
        await python.ended();
      }),
  });

  if (!peerDials) continue;
  cases.push({
    name: `a client in Python calls a server ${titleOf(setup)}`,
    ignore: PYTHON.ignore,
    fn: () =>
      withFolder(async (folder) => {
        const address = hostsOf(setup, folder)[0], stop = new AbortController();
        const server = new InteropServer(), logger = new QuietLogger();
        const listener = await call.listen(address, call.implement(Interop, server));
        const served = call.serve(listener, { signal: stop.signal, logger, ...common }).finished;
        await using python = new PythonPeer({
          mode: "peer",
          face: "call",
          role: "client",
          own: "",
          other: address,
          secret: secret ? SECRET : "",
          checksums,
          metadata: setup.metadata,
          windows: setup.windows,
          ends: setup.ends,
        });
        const { name } = await python.expect("open");
        assertEquals(name, address);
        await python.expect("checked");
        assertCancelled(server.waits);
        await python.release();
        await python.expect("served");
        if (setup.ends === "there") stop.abort();
        const ended = await python.expect("ended");
        assertEquals(ended["code"], 12);
        await python.ended();
        stop.abort();
        await served;
        assertEquals(logger.lines, []);
      }),
  });
}

for (const setup of SETUPS.filter(({ peerDials }) => !peerDials)) {
  cases.push({
    name: `a client calls a server in Python ${titleOf(setup)}`,
    ignore: PYTHON.ignore,
    fn: () =>
      withFolder(async (folder) => {
        const address = hostsOf(setup, folder)[0];
        const { checksums } = setup;
        await using python = new PythonPeer({
          mode: "peer",
          face: "call",
          role: "server",
          own: address,
          other: "",
          secret: setup.secret ? SECRET : "",
          checksums,
          metadata: setup.metadata,
          windows: setup.windows,
          ends: setup.ends,
        });
        await python.expect("listening");
        await using connection = await call.connect(
          call.constantResolver(call.parseNetEndpoint(address)),
          {
            checksums,
            auth: setup.secret ? sharedSecret(SECRET) : undefined,
            logger: new QuietLogger(),
          },
        );
        await checkPeer(call.client(Interop, connection), setup.metadata);
        const opened = await python.expect("open");
        assertEquals([opened["dialler"], opened["checksums"]], [false, areAgreed(setup)]);
        await python.release();
        const { waits } = await python.expect("served");
        assertCancelled(waits as InteropServer["waits"]);
        if (setup.ends === "there") await connection.close();
        const ended = await python.expect("ended");
        assertEquals(ended["code"], 12);
        await python.ended();
      }),
  });
}

testBeside(`everything is called, in both languages and both ways${PYTHON.note}`, 3, cases);

Deno.test({
  name: `a secret that is another one is refused, whoever dials, in either language${PYTHON.note}`,
  ignore: PYTHON.ignore,
  fn: () =>
    withFolder(async (folder) => {
      const address = `unix://${folder}/a.sock`, stop = new AbortController();
      const listener = await call.listen(address, new call.HandlerMap());
      const logger = new QuietLogger(), auth = sharedSecret(SECRET);
      const served = call.serve(listener, { signal: stop.signal, logger, auth }).finished;
      const options = { mode: "peer", face: "call", checksums: true, ends: "here" };
      for (const secret of ["another secret", ""]) {
        await using python = new PythonPeer({
          ...options,
          role: "client",
          own: "x",
          other: address,
          secret,
        });
        assertEquals((await python.expect("refused"))["code"], 10);
      }
      stop.abort();
      await served;
    }),
});

Deno.test({
  name: `the peer renews its connection to a node, and no call is lost${PYTHON.note}`,
  ignore: PYTHON.ignore,
  fn: () =>
    withFolder(async (folder) => {
      const [own, peer] = hostsOf({ ...SETUPS[4]!, peerDials: true }, folder);
      const logger = new QuietLogger();
      await using manager = new Manager({ local: own, hosts: [own, peer], logger });
      serveOn(manager);
      await manager.listen();
      await using python = new PythonPeer({ mode: "renew", own: peer, other: own });
      assertEquals(await python.expect("renewed"), { event: "renewed", totals: [1, 3] });
      await python.ended();
      const { renewals, reconnects } = manager.connection(peer).stats();
      assertEquals([renewals, reconnects, logger.lines], [1, 0, []]);
    }),
});

Deno.test({
  name:
    `a node renews its connection to the peer, which asks for it, and no call is lost${PYTHON.note}`,
  ignore: PYTHON.ignore,
  fn: () =>
    withFolder(async (folder) => {
      const [own, peer] = hostsOf({ ...SETUPS[4]!, peerDials: false }, folder);
      const logger = new QuietLogger();
      await using manager = new Manager({ local: own, hosts: [own, peer], logger });
      serveOn(manager);
      await using python = new PythonPeer({ mode: "be renewed", own: peer, other: own });
      await python.expect("listening");
      await manager.listen();
      assertEquals(await python.expect("renewed"), {
        event: "renewed",
        totals: [1],
        code: 14,
        renews: [false, true],
      });
      await python.ended();
      assertEquals([manager.connection(peer).stats().renewals, logger.lines], [1, []]);
    }),
});

Deno.test({
  name:
    `with budgets for one message, a node and the peer ask and answer at once, and neither waits for ever${PYTHON.note}`,
  ignore: PYTHON.ignore,
  fn: () =>
    withFolder(async (folder) => {
      const [own, peer] = hostsOf({ ...SETUPS[4]!, peerDials: true }, folder);
      const limits = { receiveBudgetBytes: 65_536, maxMessageBytes: 50_000 };
      await using manager = new Manager({
        local: own,
        hosts: [own, peer],
        limits,
        logger: new QuietLogger(),
      });
      serveOn(manager);
      await manager.listen();
      await using python = new PythonPeer({ mode: "little room", own: peer, other: own });
      const connection = manager.connection(peer), { contract } = Interop.methods.echo;
      const parts = Array.from({ length: 40 }, (_, n) => numbered(50_000, n));
      const echoes = await Promise.all(
        parts.map((part) => connection.request(contract, part, { waitForReady: true })),
      );
      for (const [index, part] of parts.entries()) assertPayload(echoes[index], part);
      await manager.close();
      assertEquals((await python.expect("done"))["budget"], 65_536);
      await python.ended();
    }),
});

/** What breaks a batch is a breach during the handshake, too; all else is refused. */
const BROKEN = ["a batch of 15 bytes", "a batch of 4097 bytes", "a frame beyond its batch"];

for (const scheme of ["tcp", "unix"] as const) {
  Deno.test({
    name:
      `each breach is answered by the code that PROTOCOL.md states, over ${scheme}${PYTHON.note}`,
    ignore: PYTHON.ignore,
    fn: () =>
      withFolder(async (folder) => {
        const address = scheme === "tcp" ? "tcp://127.0.0.1:0" : `unix://${folder}/a.sock`;
        const stop = new AbortController(), logger = new QuietLogger();
        const listener = await call.listen(address, new call.HandlerMap());
        const served = call.serve(listener, { signal: stop.signal, logger }).finished;
        // Over Unix sockets a node takes no checksums.
        const checksums = scheme === "tcp";
        const options = { mode: "breaches", other: listener.address, secret: "", checksums };
        await using python = new PythonPeer(options);
        let count = 0;
        for (let line = await python.next(); line !== null; line = await python.next()) {
          count++;
          const name = String(line["name"]), inHandshake = name.startsWith("handshake");
          const isRefusal = inHandshake && !BROKEN.some((end) => name.endsWith(end));
          assertEquals([name, line["code"]], [name, isRefusal ? 10 : 11]);
        }
        assert(count >= (checksums ? 36 : 33), `${count} breaches`);
        await python.ended();
        stop.abort();
        await served;
      }),
  });
}

Deno.test({
  name: `the peer reads and writes every vector${PYTHON.note}`,
  ignore: PYTHON.ignore,
  fn: async () => {
    const folder = new URL("../vectors", import.meta.url).pathname;
    await using python = new PythonPeer({ mode: "vectors", folder });
    const { checked } = await python.expect("vectors");
    assert(checked as number > 100);
    await python.ended();
  },
});
