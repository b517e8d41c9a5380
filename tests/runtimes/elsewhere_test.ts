import { assertEquals, assertRejects } from "@std/assert";
import { InternodeError, Manager, nativeWebSocketTransport } from "@internode/grid";
import { parseHostAddress } from "../../lib/runtime/host_address.ts";
import { dialOptions } from "../support/channels/acceptor.ts";
import { until } from "../conformance/world.ts";
import { QuietLogger } from "../support/log/quiet.ts";
import { RUNTIME } from "../support/permitted.ts";

// On Deno there is nothing of this to see.
if (RUNTIME !== "deno") {
  Deno.test("a request cannot be upgraded here, and that is answered and logged", async () => {
    const local = "ws://127.0.0.1:9", logger = new QuietLogger();
    await using grid = new Manager({ local, hosts: [local], logger });
    const { status } = grid.upgrade(new Request("http://127.0.0.1:9/internode"));
    assertEquals(status, 501);
    assertEquals(logger.has("upgradeSocket"), true, logger.lines.join());
  });

  const ignore = RUNTIME !== "bun";
  Deno.test("a server without our handlers is told of in the log", { ignore }, async () => {
    const local = "ws://127.0.0.1:9", logger = new QuietLogger();
    const hosts = [local], handshakeTimeoutMs = 1;
    await using grid = new Manager({ local, hosts, logger, handshakeTimeoutMs });
    const request = new Request("http://127.0.0.1:9/internode");
    const silent = { upgrade: () => true };
    const broken = {
      upgrade(): never {
        throw new Error("it has no option websocket");
      },
    };
    assertEquals(grid.upgrade(request, { server: broken }).status, 503);
    assertEquals(logger.has("it has no option websocket"), true, logger.lines.join());
    grid.upgrade(request, { server: silent });
    await until(() => logger.has("webSocketHandlers()"), "it is told");
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
