import { assertEquals, assertRejects } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import { parseHostAddress } from "../../lib/net/host_address.ts";
import { tcpTransport } from "../../lib/net/tcp.ts";
import { Acceptor } from "./acceptor.ts";
import { testTransport } from "./channel_conformance.ts";
import { NET } from "./permitted.ts";

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
  { name: "tcp: an address of another machine cannot be listened on", ignore: !NET },
  async () => {
    const error = await assertRejects(
      () => Acceptor.on(tcpTransport(), "tcp://192.0.2.1:9000"),
      InternodeError,
      "tcp://192.0.2.1:9000",
    );
    assertEquals(error.code, "InvalidArgument");
  },
);
