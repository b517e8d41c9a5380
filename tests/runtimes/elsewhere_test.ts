import { assertEquals, assertRejects } from "@std/assert";
import { InternodeError, Manager, nativeWebSocketTransport } from "@internode/grid";
import { parseHostAddress } from "../../lib/runtime/host_address.ts";
import { dialOptions } from "../support/channels/acceptor.ts";
import { QuietLogger } from "../support/log/quiet.ts";
import { RUNTIME } from "../support/permitted.ts";

// On Deno there is nothing of this to see.
if (RUNTIME !== "deno") {
  Deno.test("a request cannot be upgraded here, and that is answered and logged", async () => {
    const local = "ws://127.0.0.1:9", logger = new QuietLogger();
    await using grid = new Manager({ local, hosts: [local], logger });
    const { status } = grid.upgrade(new Request("http://127.0.0.1:9/internode"));
    assertEquals(status, 501);
    assertEquals(logger.has("cannot be joined"), true, logger.lines.join());
  });

  Deno.test("the runtime's own WebSocket neither dials nor listens here, and says so", async () => {
    const address = parseHostAddress("ws://127.0.0.1:9"), transport = nativeWebSocketTransport();
    for (
      const attempt of [
        () => transport.dial(address, dialOptions()),
        () => transport.listen(address, { path: "/", accept() {} }),
      ]
    ) {
      const error = await assertRejects(attempt, InternodeError, "systemTransports");
      assertEquals(error.code, "InvalidArgument");
    }
  });
}
