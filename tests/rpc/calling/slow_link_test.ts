import {
  client,
  connect,
  constantResolver,
  implement,
  listen,
  method,
  parseNetEndpoint,
  serve,
  service,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { assertEquals } from "@std/assert";
import { systemTransports } from "../../../lib/transport/transports.ts";
import { certificates } from "../../support/certificates/certificates.ts";
import { FILES, NET } from "../../support/permitted.ts";
import { testBeside } from "../../support/beside.ts";
import { SlowProxy } from "../../support/network/slow_proxy.ts";
import { QuietLogger } from "../../support/log/quiet.ts";

const Bytes = service("bytes", { get: method({ request: t.uint(), response: t.bytes() }) });

const KINDS = ["tcp", "ws", "tls", "wss"];

testBeside(
  "an answer that trickles in for longer than a peer may be silent arrives",
  KINDS.length,
  KINDS.map((kind) => ({
    name: `over ${kind}`,
    ignore: !NET || !FILES,
    async fn() {
      const transports = systemTransports(certificates()), logger = new QuietLogger();
      const times = { pingIntervalMs: 100, livenessTimeoutMs: 900 };
      const stop = new AbortController();
      const listener = await listen(
        `${kind}://127.0.0.1:0`,
        implement(Bytes, {
          get: (count) => new Uint8Array(count),
        }),
        { transports },
      );
      // The server is more patient: of bulk under way it hears each 32 KiB.
      const served = serve(listener, { signal: stop.signal, logger }).finished;
      {
        await using proxy = new SlowProxy(Number(/:(\d+)/.exec(listener.address)![1]), 50);
        const endpoint = parseNetEndpoint(`${kind}://127.0.0.1:${proxy.port}`, { transports });
        await using connection = await connect(constantResolver(endpoint), { logger, ...times });
        const answer = await client(Bytes, connection).get(100_000, { timeoutMs: 30_000 });
        assertEquals(answer.length, 100_000);
      }
      stop.abort();
      await served;
      assertEquals(logger.lines, []);
    },
  })),
);
