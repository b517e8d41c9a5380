import { assertEquals, assertThrows } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import { quoted } from "../../lib/foreign/plain_text.ts";
import {
  authority,
  networkAddress,
  parseHostAddress,
  parseNamedHost,
} from "../../lib/runtime/host_address.ts";

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
  ["tcp://[fe80::1%lo]:53", "tcp://[fe80::1%lo]:53"],
  ["tcp://[FE80::1%Eth0.100]:domain", "tcp://[fe80::1%Eth0.100]:53"],
  ["tcp://:80", "tcp://:80"],
  ["tls://:0/", "tls://:0"],
  ["ws://:http", "ws://:80"],
  ["tcp://db.example:https", "tcp://db.example:443"],
  ["tcp://DB.example:PostgreSQL", "tcp://db.example:5432"],
  ["tcp://[::1]:ms-sql-s", "tcp://[::1]:1433"],
  ["ws://a", "ws://a:80"],
  ["ws://a/", "ws://a:80"],
  ["wss://[::1]", "wss://[::1]:443"],
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

const LOOKS = 'it must look like "tcp://10.0.0.1:9000" or "unix:///run/grid.sock"';
const SCHEMES = "is not one of tcp, tls, ws, wss, unix, memory";
const NO_PORT = 'the port is missing: it must end in "host:port" or "[ipv6]:port"';
const NO_PATH = "a host has no path, query or fragment";
const PATH_OPTION = `${NO_PATH} (the request path is an option)`;
const SEVERAL = 'it has several ":"; an IPv6 address must be in brackets: "[::1]:9000"';
const CONTROL =
  "it contains a control character or an invisible one, such as a byte order mark (U+FEFF)";

const refused: readonly (readonly [string, string])[] = [
  ["", LOOKS],
  ["10.0.0.1:9000", LOOKS],
  ["tcp:10.0.0.1:9000", LOOKS],
  ["://a:1", LOOKS],
  ["TCP://a:1", `"TCP" ${SCHEMES}`],
  ["http://a:80", `"http" ${SCHEMES}`],
  ["tcp+tls://a:80", `"tcp+tls" ${SCHEMES}`],
  ["tcp://", NO_PORT],
  ["ws://", NO_PORT],
  ["ws:///", NO_PORT],
  ["tcp://a", NO_PORT],
  ["tcp://a:", NO_PORT],
  ["ws://a:", NO_PORT],
  ["tcp://:", NO_PORT],
  ["tcp://[::1]", NO_PORT],
  ["tcp://[::1]:", NO_PORT],
  ["tcp://a:htpps", `"htpps" is not a well-known service: write the port number`],
  ["tcp://a:constructor", `"constructor" is not a well-known service: write the port number`],
  ["tcp://a:-1", '"-1" is not a port: write a number from 0 to 65535'],
  ["tcp://a:+1", '"+1" is not a port: write a number from 0 to 65535'],
  ["tcp://a:1.5", '"1.5" is not a port: write a number from 0 to 65535'],
  ["tcp://a:0x50", '"0x50" is not a port: write a number from 0 to 65535'],
  ["tcp://a:65536", "port 65536 is over 65535"],
  ["tcp://a:99999999999999999999", "port 99999999999999999999 is over 65535"],
  ["tcp://::1:9000", SEVERAL],
  ["tcp://fe80::1%lo:53", SEVERAL],
  ["tcp://a:1:2", SEVERAL],
  ["tcp://a:80/path", NO_PATH],
  ["ws://a:80/path", PATH_OPTION],
  ["ws://a:80//", PATH_OPTION],
  ["ws://a:80?x", PATH_OPTION],
  ["wss://a:80#x", PATH_OPTION],
  ["ws://user@a:80", 'a host has no user before "@"'],
  ["tcp://a b:80", "it contains a space"],
  ["tcp:// :80", "it contains a space"],
  ["tcp://a<b:80", '"a<b" is neither a host name nor an IP address'],
  ["tcp://a%41:80", '"a%41" is neither a host name nor an IP address'],
  ["tcp://a\\b:80", '"a\\\\b" is neither a host name nor an IP address'],
  ["tcp://a[b]:80", '"a[b]" is neither a host name nor an IP address'],
  ["tcp://256.1.1.1:80", '"256.1.1.1" is neither a host name nor an IP address'],
  ["tcp://[::1::2]:80", '"::1::2" is not an IPv6 address'],
  ["tcp://[zz]:80", '"zz" is not an IPv6 address'],
  ["tcp://[127.0.0.1]:80", '"127.0.0.1" is not an IPv6 address'],
  ["tcp://[]:80", '"" is not an IPv6 address'],
  ["tcp://[%lo]:80", '"" is not an IPv6 address'],
  ["tcp://[::1:80", 'the "[" is never closed by "]"'],
  ["tcp://[::1]80", '":" and the port must follow "]", not "80"'],
  ["tcp://[::1]x:80", '":" and the port must follow "]", not "x:80"'],
  ["tcp://[fe80::1%]:80", '"" is not a zone: a network interface must follow "%"'],
  ["tcp://[fe80::1%a%b]:80", '"a%b" is not a zone: a network interface must follow "%"'],
  ["tcp://a:80\n", CONTROL],
  ["unix://", 'nothing follows "unix://"'],
  ["unix:///run/\0", CONTROL],
  ["memory://", 'nothing follows "memory://"'],
  ["memory://a\n", CONTROL],
  // The URL parser would take no notice of these.
  ["\ufefftcp://a:80", CONTROL],
  ["tcp://\ufeffa:80", CONTROL],
  ["tcp://a\u200bb:80", CONTROL],
  ["tcp://a\u00adb:80", CONTROL],
  ["tcp://\u202ea:80", CONTROL],
];

for (const [given, why] of refused) {
  Deno.test(`${JSON.stringify(given)} is refused: ${why}`, () => {
    const error = assertThrows(() => parseHostAddress(given), InternodeError);
    assertEquals(error.message, `Host ${quoted(given)} is not valid: ${why}.`);
    assertEquals([error.code, error.origin], ["InvalidArgument", "caller"]);
  });
}

Deno.test("a host that others must find has a name", () => {
  assertEquals(parseNamedHost("tcp://a:1"), parseHostAddress("tcp://a:1"));
  assertEquals(parseNamedHost("unix:///a"), parseHostAddress("unix:///a"));
  const error = assertThrows(() => parseNamedHost("tcp://:9000"), InternodeError);
  assertEquals(
    error.message,
    'Host "tcp://:9000" is not valid: it names no host, and its peers know each host by its name: ' +
      'write the name or IP address before the ":".',
  );
  assertEquals([error.code, error.origin], ["InvalidArgument", "caller"]);
});

Deno.test("what the runtime says of a socket becomes an address", () => {
  assertEquals(networkAddress("tcp", "::1", 9000), parseHostAddress("tcp://[::1]:9000"));
  assertEquals(authority("a.example", 80), "a.example:80");
});
