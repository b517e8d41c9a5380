/** Ports that are found free: they differ, and whoever asked can listen at them. @module */

import { Server } from "node:net";
import { assert, assertEquals } from "@std/assert";
import { freePorts, takenPorts } from "../../tools/network/free_ports.ts";
import { NET } from "../support/permitted.ts";

Deno.test({
  name: "free ports differ from each other, and are free as soon as they are told",
  ignore: !NET,
  fn() {
    const ports = freePorts(20);
    assertEquals(new Set(ports).size, 20);
    for (const port of ports) Deno.listen({ hostname: "127.0.0.1", port }).close();
  },
});

Deno.test({
  name: "no free port is one that the system gives to connections, or that somebody listens at",
  ignore: !NET,
  fn() {
    const held = freePorts(200).map((port) => Deno.listen({ hostname: "127.0.0.1", port }));
    try {
      const taken = new Set(held.map(({ addr: { port } }) => port));
      const others = freePorts(200);
      assertEquals(others.filter((port) => taken.has(port)), []);
      assert([...taken, ...others].every((port) => port < 32_768));
    } finally {
      for (const listener of held) listener.close();
    }
  },
});

for (const hostname of ["127.0.0.1", "0.0.0.0", "::"]) {
  Deno.test({
    name: `a port that somebody listens at is taken, at ${hostname} too, and one is free again`,
    ignore: !NET,
    fn() {
      const [port, other] = freePorts(2) as [number, number];
      const listener = Deno.listen({ hostname, port });
      const isTaken = takenPorts();
      assertEquals([isTaken(port), isTaken(other)], [true, false]);
      listener.close();
      assertEquals(takenPorts()(port), false);
    },
  });
}

Deno.test({
  name: "no free port was listened at: a process that starts meanwhile would go on with that",
  ignore: !NET || Deno.build.os !== "linux",
  fn() {
    const { listen } = Server.prototype, listened: unknown[] = [];
    Server.prototype.listen = function (this: Server, options: { readonly port: number }): Server {
      listened.push(options.port);
      return listen.call(this, options);
    } as typeof listen;
    try {
      const ports = freePorts(100);
      assertEquals(ports.filter((port) => listened.includes(port)), []);
      assert(listened.length > 0, "it has taken a lane");
    } finally {
      Server.prototype.listen = listen;
    }
  },
});

/** A thread that has looked for ports; it ends when this is disposed of. */
class Asker {
  readonly #worker = new Worker(new URL("./ports_worker.ts", import.meta.url), { type: "module" });
  /** All ports that it has found. */
  readonly ports: Promise<number[]> = new Promise((resolve, reject) => {
    this.#worker.onmessage = ({ data }) => resolve(data);
    this.#worker.onerror = ({ message }) => reject(new Error(message));
  });

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}

Deno.test({
  name: "threads that let go of what they found do not meet at it, however many ports one needs",
  ignore: !NET,
  async fn() {
    using askers = new DisposableStack();
    const workers = Array.from({ length: 4 }, () => askers.use(new Asker()));
    const found = await Promise.all(workers.map(({ ports }) => ports));
    found.push(freePorts(2_000));
    const all = found.flatMap((ports) => [...new Set(ports)]);
    assertEquals(all.length, new Set(all).size);
    assert(found.every((ports) => new Set(ports).size > 20));
  },
});
