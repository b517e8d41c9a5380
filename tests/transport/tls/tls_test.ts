import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import { networkAddress } from "../../../lib/runtime/host_address.ts";
import { tlsTransport } from "../../../lib/transport/tls/tls.ts";
import { certificates } from "../../support/certificates/certificates.ts";
import { Acceptor, dialOptions, told, turns } from "../../support/channels/acceptor.ts";
import { closeBoth, testTransport } from "../../support/channels/channel_conformance.ts";
import { pipeOf } from "../../support/channels/channel_pipe.ts";
import { FILES, NET, RUNTIME } from "../../support/permitted.ts";

const permitted = NET && FILES;

testTransport({
  name: "tls",
  permitted,
  transport: () => tlsTransport(certificates()),
  freshAddress: () => "tls://127.0.0.1:0",
  acceptedRemote: "tls://127.0.0.1:",
});

Deno.test(
  { name: "tls: a host of an unknown authority is refused", ignore: !permitted },
  async () => {
    const acceptor = await Acceptor.on(tlsTransport(certificates()), "tls://127.0.0.1:0");
    const error = await assertRejects(
      () => tlsTransport().dial(acceptor.address, dialOptions()),
      InternodeError,
      "caCerts",
    );
    assertEquals(error.code, "Unreachable");
    if (RUNTIME === "deno") {
      // The listener hears of it, and nobody is accepted.
      const [heard] = await told(acceptor, 1);
      assertStringIncludes(heard!.message, "Refused tls://127.0.0.1:");
    } else {
      // There the dialler judges when its handshake is over, and leaves.
      assertEquals(await pipeOf(await acceptor.next()).receive(), null);
    }
    await acceptor.end();
  },
);

Deno.test(
  { name: "tls: a silent host does not hold an aborted dial", ignore: !permitted },
  async () => {
    const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const controller = new AbortController(), reason = new Error("too slow");
    const address = networkAddress("tls", "127.0.0.1", silent.addr.port);
    const dialling = tlsTransport(certificates()).dial(address, dialOptions(controller));
    const refused = assertRejects(() => dialling);
    const conn = await silent.accept();
    await conn.read(new Uint8Array(16));
    controller.abort(reason);
    assertEquals(await refused, reason);
    await turns(4);
    conn.close();
    silent.close();
  },
);

Deno.test(
  { name: "tls: clients that talk nonsense do not stop the listener", ignore: !permitted },
  async () => {
    const transport = tlsTransport(certificates());
    const acceptor = await Acceptor.on(transport, "tls://127.0.0.1:0");
    const { hostname, port } = acceptor.address;
    for (let i = 1; i <= 3; i++) {
      const bad = await Deno.connect({ hostname, port });
      await bad.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
      assertStringIncludes(
        (await told(acceptor, i))[i - 1]!.message,
        "the data received is not TLS",
      );
      bad.close();
    }
    const near = pipeOf(await transport.dial(acceptor.address, dialOptions()));
    const far = pipeOf(await acceptor.next());
    await closeBoth(near, far);
    await acceptor.end();
  },
);

Deno.test("tls: a listener without a certificate is told what it lacks", async () => {
  const error = await assertRejects(
    () => Acceptor.on(tlsTransport(), "tls://127.0.0.1:0"),
    InternodeError,
    "cert and key",
  );
  assertEquals(error.code, "InvalidArgument");
});
