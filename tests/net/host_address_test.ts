import { assert, assertEquals, assertThrows } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import { authority, networkAddress, parseHostAddress } from "../../lib/net/host_address.ts";

const canonical: readonly (readonly [string, string])[] = [
  ["tcp://10.0.0.1:9000", "tcp://10.0.0.1:9000"],
  ["tcp://10.0.0.1:9000/", "tcp://10.0.0.1:9000"],
  ["tcp://10.0.0.1:09000", "tcp://10.0.0.1:9000"],
  ["tcp://0x7f.1:1", "tcp://127.0.0.1:1"],
  ["ws://Node-3.Example:80", "ws://node-3.example:80"],
  ["wss://a_b:443", "wss://a_b:443"],
  ["tls://bücher.example:1", "tls://xn--bcher-kva.example:1"],
  ["tcp://[2001:DB8::1]:9000", "tcp://[2001:db8::1]:9000"],
  ["tcp://[0:0:0:0:0:0:0:1]:9000", "tcp://[::1]:9000"],
  ["tcp://[fe80::0:1%eth0]:9000", "tcp://[fe80::1%eth0]:9000"],
  ["tcp://[::ffff:10.0.0.1]:9000", "tcp://[::ffff:a00:1]:9000"],
  ["tcp://a:0", "tcp://a:0"],
  ["tcp://a:65535", "tcp://a:65535"],
  ["unix:///run/grid.sock", "unix:///run/grid.sock"],
  ["unix://grid sock", "unix://grid sock"],
  ["memory://a", "memory://a"],
];

for (const [given, expected] of canonical) {
  Deno.test(`${given} is ${expected}`, () => {
    const address = parseHostAddress(given);
    assertEquals(address.href, expected);
    assertEquals(parseHostAddress(expected), address);
  });
}

Deno.test("an address is taken apart", () => {
  assertEquals(parseHostAddress("tcp://[::1]:9000"), {
    scheme: "tcp",
    hostname: "::1",
    port: 9000,
    path: "",
    href: "tcp://[::1]:9000",
  });
  assertEquals(parseHostAddress("unix:///run/Grid.sock"), {
    scheme: "unix",
    hostname: "",
    port: 0,
    path: "/run/Grid.sock",
    href: "unix:///run/Grid.sock",
  });
});

const refused: readonly (readonly [string, string])[] = [
  ["", "must look like"],
  ["10.0.0.1:9000", "must look like"],
  ["TCP://a:1", "must look like"],
  ["tcp://", "must look like"],
  ["http://a:80", '"http" is none of'],
  ["tcp://a", "host:port"],
  ["tcp://:9000", "host:port"],
  ["tcp://a:port", "host:port"],
  ["tcp://a:-1", "host:port"],
  ["tcp://a:65536", "over 65535"],
  ["tcp://::1:9000", "host:port"],
  ["ws://a:80/path", "request path is an option"],
  ["ws://a:80?x", "host:port"],
  ["ws://user@a:80", "host:port"],
  ["tcp://a b:80", "host:port"],
  ["tcp://a<b:80", "no host name"],
  ["tcp://256.1.1.1:80", "no host name"],
  ["tcp://[::1::2]:80", "no host name"],
  ["tcp://[zz]:80", "host:port"],
  ["tcp://a:80\n", "host:port"],
  ["unix:///run/\0", "control character"],
  ["memory://a\n", "control character"],
];

for (const [given, why] of refused) {
  Deno.test(`${JSON.stringify(given)} is refused: ${why}`, () => {
    const error = assertThrows(() => parseHostAddress(given), InternodeError, why);
    assertEquals([error.code, error.origin], ["InvalidArgument", "caller"]);
    assert(error.message.includes(JSON.stringify(given)));
  });
}

Deno.test("what the runtime says of a socket becomes an address", () => {
  assertEquals(networkAddress("tcp", "::1", 9000), parseHostAddress("tcp://[::1]:9000"));
  assertEquals(authority("a.example", 80), "a.example:80");
});
