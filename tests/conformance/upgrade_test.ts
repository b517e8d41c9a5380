import { Manager, sharedSecret } from "@internode/grid";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dials } from "../../lib/grid/dialler.ts";
import { QuietLogger } from "../support/log/quiet.ts";
import { NET } from "../support/permitted.ts";
import { failure } from "./case.ts";
import { answer } from "./contracts.ts";
import { until } from "./world.ts";
import { freePorts } from "../../tools/network/free_ports.ts";

const auth = sharedSecret("a secret for the upgrade");

/** Two WebSocket hosts of which the second dials the first. */
function twoHosts(): [acceptor: string, dialler: string] {
  const [one, two] = freePorts(2).map((port) => `ws://127.0.0.1:${port}`) as [string, string];
  return dials(two, one) ? [one, two] : [two, one];
}

Deno.test({
  name: "a manager mounted in a server of the user's own accepts by its upgrade",
  ignore: !NET,
  async fn() {
    const hosts = twoHosts();
    const logs = [new QuietLogger(), new QuietLogger()];
    const acceptor = new Manager({ local: hosts[0], hosts, auth, logger: logs[0] });
    const dialler = new Manager({ local: hosts[1], hosts, auth, logger: logs[1], path: "/grid" });
    acceptor.handle(answer, (text) => `${text} to you`);
    const url = new URL(hosts[0]);
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: Number(url.port), onListen: () => {} },
      (request) =>
        new URL(request.url).pathname === "/grid"
          ? acceptor.upgrade(request)
          : new Response("the user's own page"),
    );
    try {
      acceptor.connect();
      await dialler.listen();
      await Promise.all([acceptor.waitForConnect(), dialler.waitForConnect()]);
      assertEquals(await dialler.connection(hosts[0]).request(answer, "hello"), "hello to you");
      const base = hosts[0].replace("ws:", "http:");
      assertEquals(await (await fetch(`${base}/page`)).text(), "the user's own page");
      const stranger = await fetch(`${base}/grid`);
      assertEquals(stranger.status, 401);
      assertStringIncludes(await stranger.text(), "no token");
      assert(logs[0]!.has("no token"), "the refusal is logged");
      await acceptor.close();
      const late = await fetch(`${base}/grid`);
      assertEquals(late.status, 503, "who is closed takes nobody");
      await late.body?.cancel();
    } finally {
      await Promise.all([dialler.close(), acceptor.close()]);
      await server.shutdown();
    }
  },
});

Deno.test({
  name: "nodes whose paths differ do not meet, and the dialler is told",
  ignore: !NET,
  async fn() {
    const hosts = twoHosts();
    const logger = new QuietLogger();
    const acceptor = new Manager({ local: hosts[0], hosts, logger, path: "/grid/v1" });
    const dialler = new Manager({ local: hosts[1], hosts, logger, path: "/grid/v2" });
    try {
      await Promise.all([acceptor.listen(), dialler.listen()]);
      const connection = dialler.connection(hosts[0]);
      await until(() => connection.state === "disconnected", "the dialler is refused");
      const error = await failure(connection.request(answer, "x"), "Unreachable");
      assertStringIncludes(error.message, "404");
      assertStringIncludes(error.message, "path option");
    } finally {
      await Promise.all([acceptor.close(), dialler.close()]);
    }
  },
});
