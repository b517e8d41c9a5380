import { assertEquals, assertRejects } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import { parseHostAddress } from "../../../lib/runtime/host_address.ts";
import { tcpTransport } from "../../../lib/transport/tcp/tcp.ts";
import { Acceptor, dialOptions, turns } from "../../support/channels/acceptor.ts";
import { testTransport } from "../../support/channels/channel_conformance.ts";
import { pipeOf } from "../../support/channels/channel_pipe.ts";
import { NET, RUNTIME } from "../../support/permitted.ts";

testTransport({
  name: "tcp",
  permitted: NET,
  transport: tcpTransport,
  freshAddress: () => "tcp://127.0.0.1:0",
  acceptedRemote: "tcp://127.0.0.1:",
});

Deno.test({ name: "tcp: IPv6 addresses keep their brackets", ignore: !NET }, async () => {
  const transport = tcpTransport();
  let acceptor: Acceptor;
  try {
    acceptor = await Acceptor.on(transport, "tcp://[::1]:0");
  } catch {
    return; // A machine without IPv6.
  }
  const { signal } = new AbortController();
  const near = await transport.dial(parseHostAddress(acceptor.address.href), { signal, path: "/" });
  const far = await acceptor.next();
  assertEquals(near.remote, acceptor.address.href);
  assertEquals(far.remote.startsWith("tcp://[::1]:"), true);
  near.close();
  far.close();
  await acceptor.end();
});

Deno.test(
  {
    name: "tcp: an address that this machine has not, or not yet, cannot be listened on for now",
    ignore: !NET,
  },
  async () => {
    const error = await assertRejects(
      () => Acceptor.on(tcpTransport(), "tcp://192.0.2.1:9000"),
      InternodeError,
      "tcp://192.0.2.1:9000",
    );
    assertEquals(error.code, "Unreachable");
  },
);

Deno.test(
  {
    name: "tcp: a dial that is aborted the moment it has connected leaves nothing open",
    // It looks into what Deno does meanwhile.
    ignore: !NET || RUNTIME !== "deno",
  },
  async () => {
    const acceptor = await Acceptor.on(tcpTransport(), "tcp://127.0.0.1:0");
    const { address } = acceptor, { hostname, port } = address;
    const reason = new Error("changed my mind"), controller = new AbortController();
    // The runtime asks this when it has connected: just before the dial hears of its own connection.
    const first = new AbortController().signal;
    let asked = 0;
    first.throwIfAborted = () => {
      if (++asked === 2) controller.abort(reason);
    };
    const other = Deno.connect({ hostname, port, signal: first });
    const dialling = tcpTransport().dial(address, dialOptions(controller));
    const outcome = dialling.then(() => "connected", (error: unknown) => error);
    // Until both have connected, so that the runtime tells of both in one turn.
    for (const startMs = performance.now(); performance.now() - startMs < 20;);
    (await other).close();
    assertEquals(await outcome, reason);
    for (let i = 0; i < 2; i++) {
      const far = pipeOf(await acceptor.next());
      let end: Uint8Array | null | "still open" = "still open";
      far.receive().then((heard) => end = heard, () => {});
      for (let turn = 0; turn < 500 && end === "still open"; turn++) await turns(1);
      assertEquals(end, null);
      far.channel.close();
    }
    await acceptor.end();
  },
);
