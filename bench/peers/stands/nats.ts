/**
 * NATS request and reply, through a real `nats-server` between the two.
 *
 * @module
 */

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
  async missing() {
    if (await findServer() !== undefined) return undefined;
    return "there is no nats-server; Debian has it: apt-get install nats-server";
  },
  async serve() {
    const command = await findServer();
    if (command === undefined) throw new Error("there is no nats-server");
    const port = freePorts(1)[0]!;
    const keeper = new Deno.Command("sh", {
      args: ["-c", KEEPER, "sh", command, "--addr", LOOPBACK, "--port", String(port)],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    await using stack = new AsyncDisposableStack();
    stack.defer(async () => {
      await keeper.stdin.close();
      await keeper.status;
    });
    const reader = keeper.stdout.getReader();
    stack.defer(() => reader.cancel());
    const brokerPid = Number(new TextDecoder().decode((await reader.read()).value));
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

async function findServer(): Promise<string | undefined> {
  for (const command of COMMANDS) {
    try {
      const { success } = await new Deno.Command(command, { args: ["--version"] }).output();
      if (success) return command;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return undefined;
}
