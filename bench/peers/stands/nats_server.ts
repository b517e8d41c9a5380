/**
 * A real `nats-server`, which ends with the process that has started it.
 *
 * @module
 */

import { spawn, spawnSync } from "node:child_process";
import { freePorts } from "../../../tools/network/free_ports.ts";
import { LOOPBACK } from "./peer.ts";

/**
 * Runs it until its own input ends, which happens whatever becomes of the
 * process at the other end, and tells its process id.
 */
const KEEPER =
  'trap "" INT HUP TERM; "$@" >/dev/null 2>&1 & echo $!; read -r _; kill -KILL $! 2>/dev/null; wait';

/** Debian puts it where not every user's `PATH` leads. */
const COMMANDS = ["nats-server", "/usr/sbin/nats-server", "/usr/local/bin/nats-server"];

/** One that runs; disposing of it ends it. */
export interface NatsServer extends AsyncDisposable {
  /** Where it is. */
  readonly address: string;
  /** Its process, to look at what it uses. */
  readonly pid: number;
}

/** Why there is none; `undefined`: there is one. */
export function missingNats(): string | undefined {
  return findServer() === undefined
    ? "there is no nats-server; Debian has it: apt-get install nats-server"
    : undefined;
}

/** Starts it; clients may have to wait until it listens. */
export async function startNats(): Promise<NatsServer> {
  const command = findServer();
  if (command === undefined) throw new Error("there is no nats-server");
  const port = freePorts(1)[0]!;
  const args = ["-c", KEEPER, "sh", command, "--addr", LOOPBACK, "--port", String(port)];
  const keeper = spawn("sh", args, { stdio: ["pipe", "pipe", "ignore"] });
  const said = await new Promise<Uint8Array>((resolve) => keeper.stdout.once("data", resolve));
  return {
    address: `${LOOPBACK}:${port}`,
    pid: Number(new TextDecoder().decode(said)),
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => keeper.once("close", resolve));
      keeper.stdin.end();
      await ended;
    },
  };
}

function findServer(): string | undefined {
  return COMMANDS.find((command) => spawnSync(command, ["--version"]).status === 0);
}
