import { assertEquals } from "@std/assert";
import { isExposed } from "../../lib/runtime/loopback.ts";
import { parseHostAddress } from "../../lib/runtime/host_address.ts";

const WITHIN = [
  "tcp://127.0.0.1:9000",
  "tls://127.255.3.4:9000",
  "tcp://127.1:9000",
  "ws://[::1]:80",
  "tcp://[0:0::1]:9000",
  "wss://LOCALHOST",
  "unix:///run/grid.sock",
  "memory://a",
];
const BEYOND = [
  "tcp://:9000",
  "ws://:80",
  "tcp://0.0.0.0:9000",
  "tcp://[::]:9000",
  "tls://10.0.0.1:9000",
  "tcp://128.0.0.1:9000",
  "wss://node-1.example",
  "tcp://127.0.0.1.example:9000",
  "tcp://localhost.example:9000",
  "tcp://[fe80::1%eth0]:9000",
  "tcp://[::127.0.0.1]:9000",
];

Deno.test("only this machine reaches loopback, Unix sockets and memory", () => {
  for (const [hosts, exposed] of [[WITHIN, false], [BEYOND, true]] as const) {
    for (const host of hosts) {
      assertEquals(isExposed(host), exposed, host);
      assertEquals(isExposed(parseHostAddress(host)), exposed, host);
    }
  }
});

Deno.test("a request path changes nothing, and what is no host URL is not judged", () => {
  assertEquals(isExposed("ws://10.0.0.1:80/internode?a=tcp://127.0.0.1:1"), true);
  assertEquals(isExposed("wss://localhost/internode"), false);
  for (const own of ["carrier-pigeon://loft", "server", "", "tcp://a"]) {
    assertEquals(isExposed(own), false, own);
  }
});
