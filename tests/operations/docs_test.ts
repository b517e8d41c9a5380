import {
  client,
  connect,
  constantResolver,
  implement,
  listen,
  memory,
  method,
  serve,
  service,
} from "@internode/grid/call";
import { Manager, single } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { prometheus } from "@internode/grid/operations";
import { assert, assertEquals } from "@std/assert";
import { inspectionOf } from "../../lib/rpc/inspection/inspectable.ts";
import { FILES, RUNTIME } from "../support/permitted.ts";

const echo = single("echo");
const Disk = service("disk", {
  read: method({ request: t.uint(), response: t.uint(), idempotent: true }),
});

/** Those that a short run does not bring about. */
const RARE = [
  "internode_calls",
  "internode_certificate_expiry_timestamp_seconds",
  "internode_connection_round_trip_seconds",
];

Deno.test(
  "docs/observing.md lists each metric there is",
  { ignore: !FILES || RUNTIME !== "deno" },
  async () => {
    const local = "memory://documented-1";
    await using grid = new Manager({ local, hosts: [local] });
    grid.handle(echo, (bytes) => bytes, { concurrency: 1 });
    await grid.listen();
    const handlers = implement(Disk, { read: (value) => value });
    await using server = serve(await listen("memory://documented-2", handlers));
    await using connection = await connect(constantResolver(memory("documented-2")));
    const metrics = prometheus(grid, server, connection);
    const { figures } = inspectionOf(connection);
    figures.onRetry("disk.read");
    figures.onHedge("disk.read");
    figures.onSetAside("memory://documented-2");
    await grid.connection(local).request(echo, new Uint8Array(0), { waitForReady: true });
    await client(Disk, connection).read(1);
    const shown = [...metrics.text().matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name!);
    const page = await Deno.readTextFile(new URL("../../docs/observing.md", import.meta.url));
    const listed = [...page.matchAll(/^\| `(internode_\w+)`/gm)].map(([, name]) => name!);
    assert(shown.length > 30);
    assertEquals(shown.filter((name) => !listed.includes(name)), [], "not documented");
    const known = [...shown, ...RARE];
    assertEquals(listed.filter((name) => !known.includes(name)), [], "documented, and not there");
  },
);
