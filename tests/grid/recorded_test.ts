import { Manager, sharedSecret, systemTransports, type Transports } from "@internode/grid";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dials } from "../../lib/grid/dialler.ts";
import { answer } from "../conformance/contracts.ts";
import { until } from "../conformance/world.ts";
import { freePorts } from "../../tools/network/free_ports.ts";
import { NET } from "../support/permitted.ts";
import { QuietLogger } from "../support/log/quiet.ts";

const auth = sharedSecret("a secret of more than 16 bytes");

/** Passes on whatever comes to the other port, and keeps what the dialling side said. */
class RecordingProxy implements AsyncDisposable {
  readonly recorded: Uint8Array<ArrayBuffer>[] = [];
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #conns = new Set<Deno.Conn>();
  readonly #serving: Promise<void>;

  constructor(port: number) {
    this.#serving = this.#serve(port);
  }

  get port(): number {
    return (this.#listener.addr as Deno.NetAddr).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#serving;
  }

  #close(conn: Deno.Conn): void {
    if (this.#conns.delete(conn)) conn.close();
  }

  async #serve(port: number): Promise<void> {
    const passing: Promise<void>[] = [];
    try {
      for (;;) {
        const near = await this.#listener.accept();
        const far = await Deno.connect({ hostname: "127.0.0.1", port });
        this.#conns.add(near).add(far);
        passing.push(this.#pass(near, far, true), this.#pass(far, near, false));
      }
    } catch {
      // It is closed.
    }
    for (const conn of this.#conns) this.#close(conn);
    await Promise.all(passing);
  }

  async #pass(from: Deno.Conn, to: Deno.Conn, isRecorded: boolean): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (;;) {
        const count = await from.read(buffer);
        if (count === null) break;
        if (isRecorded) this.recorded.push(buffer.slice(0, count));
        for (let at = 0; at < count;) at += await to.write(buffer.subarray(at, count));
      }
    } catch {
      // One of the two is closed.
    }
    for (const conn of [from, to]) this.#close(conn);
  }
}

/** Says to a host what was recorded, byte by byte, and gives all that it answers. */
async function replay(port: number, recorded: readonly Uint8Array[]): Promise<string> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  conn.setNoDelay();
  const answering = heard(conn);
  try {
    for (const byte of recorded.flatMap((bytes) => [...bytes])) {
      await conn.write(new Uint8Array([byte]));
    }
    await conn.closeWrite();
  } catch {
    // The host has heard enough.
  }
  return await answering;
}

async function heard(conn: Deno.Conn): Promise<string> {
  const buffer = new Uint8Array(65_536);
  let text = "";
  try {
    for (;;) {
      const count = await conn.read(buffer);
      if (count === null) return text;
      text += new TextDecoder("latin1").decode(buffer.subarray(0, count));
    }
  } catch {
    return text;
  }
}

/** Three hosts of which the first dials the others. */
function threeHosts(scheme: string): [dialler: string, acceptor: string, other: string] {
  for (;;) {
    const hosts = freePorts(3).map((port) => `${scheme}://127.0.0.1:${port}`);
    const [dialler, acceptor, other] = hosts as [string, string, string];
    if (dials(dialler, acceptor) && dials(dialler, other)) return [dialler, acceptor, other];
  }
}

function portIn(host: string): number {
  return Number(host.slice(host.lastIndexOf(":") + 1));
}

/** Takes the way through a proxy to one host. */
function through(port: number, to: number, scheme: string): Transports {
  const transports = systemTransports(), inner = transports[scheme]!;
  return {
    [scheme]: {
      dial: (address, options) =>
        inner.dial(address.port === to ? { ...address, port } : address, options),
      listen: (...given) => inner.listen(...given),
    },
  };
}

for (const scheme of ["tcp", "ws"]) {
  Deno.test({
    name: `${scheme}: a recorded connection, played back byte by byte, is refused`,
    ignore: !NET,
  }, async () => {
    const hosts = threeHosts(scheme), [dialler, acceptor, other] = hosts;
    const ran: string[] = [];
    const make = (local: string, logger: QuietLogger, transports?: Transports): Manager => {
      const manager = new Manager({ local, hosts, auth, logger, transports });
      manager.handle(answer, (text) => (ran.push(local), text));
      return manager;
    };
    await using proxy = new RecordingProxy(portIn(acceptor));
    const ways = through(proxy.port, portIn(acceptor), scheme);
    const log = new QuietLogger(), otherLog = new QuietLogger();
    await using first = make(acceptor, log);
    await using second = make(other, otherLog);
    await using caller = make(dialler, new QuietLogger(), ways);
    for (const manager of [first, second, caller]) await manager.listen();
    await caller.waitForConnect();
    assertEquals(await caller.connection(acceptor).request(answer, "recorded"), "recorded");
    const recorded = proxy.recorded.slice();
    ran.length = 0;

    const refusedTwice = async (isLogged: boolean): Promise<void> => {
      for (const [host, hostLog] of [[acceptor, log], [other, otherLog]] as const) {
        const before = hostLog.lines.length;
        const said = await replay(portIn(host), recorded);
        const why = scheme === "ws"
          ? host === acceptor ? "was used already" : `the token is meant for ${acceptor}`
          : host === acceptor
          ? "proof of the shared secret is wrong"
          : `wants to talk to "${acceptor}"`;
        assertStringIncludes(said, why);
        if (scheme === "ws") assertStringIncludes(said, "HTTP/1.1 401 Unauthorized");
        // What repeats itself is summed up later.
        if (!isLogged) continue;
        await until(() => hostLog.lines.length > before, "the log");
        assertStringIncludes(hostLog.lines.at(-1)!, why);
      }
      assertEquals(ran, []);
    };
    // While the recorded connection lives, and when it is gone.
    await refusedTwice(true);
    assertEquals(await caller.connection(acceptor).request(answer, "still"), "still");
    ran.length = 0;
    await caller.close();
    await until(() => first.connection(dialler).state !== "connected", "it is gone");
    await refusedTwice(false);
    assert(proxy.recorded.length >= recorded.length);
  });
}
