/**
 * NATS request and reply, through a real `nats-server` between the two.
 *
 * @module
 */

import { spawn, spawnSync } from "node:child_process";
import { connect } from "@nats-io/transport-node";
import { freePorts } from "../../../tools/network/free_ports.ts";
import { LOOPBACK, type Peer } from "./peer.ts";

const SUBJECT = "peers.echo";

/**
 * Runs it until its own input ends, which happens whatever becomes of the
 * process at the other end, and tells its process id.
 */
const KEEPER =
  'trap "" INT HUP TERM; "$@" >/dev/null 2>&1 & echo $!; read -r _; kill -KILL $! 2>/dev/null; wait';

/** Debian puts it where not every user's `PATH` leads. */
const COMMANDS = ["nats-server", "/usr/sbin/nats-server", "/usr/local/bin/nats-server"];

/** One connection on each side; replies come over one subscription, as the client does by itself. */
export const nats: Peer = {
  missing: () =>
    Promise.resolve(
      findServer() === undefined
        ? "there is no nats-server; Debian has it: apt-get install nats-server"
        : undefined,
    ),
  async serve() {
    const command = findServer();
    if (command === undefined) throw new Error("there is no nats-server");
    const port = freePorts(1)[0]!;
    const args = ["-c", KEEPER, "sh", command, "--addr", LOOPBACK, "--port", String(port)];
    const keeper = spawn("sh", args, { stdio: ["pipe", "pipe", "ignore"] });
    await using stack = new AsyncDisposableStack();
    stack.defer(async () => {
      const ended = new Promise((resolve) => keeper.once("close", resolve));
      keeper.stdin.end();
      await ended;
    });
    const said = await new Promise<Uint8Array>((resolve) => keeper.stdout.once("data", resolve));
    const brokerPid = Number(new TextDecoder().decode(said));
    const address = `${LOOPBACK}:${port}`;
    const connection = await connect({ servers: address, waitOnFirstConnect: true });
    stack.defer(() => connection.close());
    connection.subscribe(SUBJECT, {
      callback: (error, message) => {
        if (error === null) message.respond(message.data);
      },
    });
    await connection.flush();
    const started = stack.move();
    return {
      address,
      brokerPid,
      [Symbol.asyncDispose]: () => started.disposeAsync(),
    };
  },
  async dial(address) {
    const connection = await connect({ servers: address });
    return {
      echo: async (payload) =>
        (await connection.request(SUBJECT, payload, { timeout: 60_000 })).data,
      [Symbol.asyncDispose]: () => connection.close(),
    };
  },
};

function findServer(): string | undefined {
  return COMMANDS.find((command) => spawnSync(command, ["--version"]).status === 0);
}
