/** The command line of the maker of certificates, and the names it makes of it. @module */

import { assertEquals, assertThrows } from "@std/assert";
import { hostSubject, namedSubject } from "../../../examples/certs/certified_name.ts";
import { parseOptions } from "../../../examples/certs/options.ts";
import { UsageError } from "../../../tools/command_line/command_line.ts";

Deno.test("without options certificates are made as documented", () => {
  assertEquals(parseOptions(["--out", "x"]), {
    out: "x",
    subjects: [],
    shareNames: false,
    days: 30,
    keepCaKey: false,
    rotateCa: undefined,
    json: false,
  });
});

Deno.test("each option is heard, and lists may be given in parts", () => {
  const args = "--out x --hosts tls://a:1,unix:///b --hosts tls://c:1 --name d,e --share-names " +
    "--days 7 --keep-ca-key --json";
  const { subjects, ...rest } = parseOptions(args.split(" ")) as Exclude<
    ReturnType<typeof parseOptions>,
    "help"
  >;
  assertEquals(subjects.map(({ title }) => title), [
    "tls://a:1",
    "unix:///b",
    "tls://c:1",
    "d",
    "e",
  ]);
  assertEquals(rest, {
    out: "x",
    shareNames: true,
    days: 7,
    keepCaKey: true,
    rotateCa: undefined,
    json: true,
  });
  const rotation = parseOptions(["--out", "x", "--rotate-ca", "issue"]);
  assertEquals(rotation !== "help" && rotation.rotateCa, "issue");
  assertEquals(parseOptions(["--help"]), "help");
});

Deno.test("a host has its name and its canonical URL, a Unix socket its URL alone", () => {
  const namesOf = (url: string) => hostSubject(url).names.map(({ type, value }) => [type, value]);
  assertEquals(namesOf("tls://127.0.0.1:09000"), [
    ["ip", "127.0.0.1"],
    ["uri", "tls://127.0.0.1:9000"],
  ]);
  assertEquals(namesOf("tls://[0:0::1]:9000"), [["ip", "::1"], ["uri", "tls://[::1]:9000"]]);
  assertEquals(namesOf("tls://[fe80::1%eth0]:9000"), [
    ["ip", "fe80::1"],
    ["uri", "tls://[fe80::1%eth0]:9000"],
  ]);
  assertEquals(namesOf("wss://Node-1.Example"), [
    ["dns", "node-1.example"],
    ["uri", "wss://node-1.example:443"],
  ]);
  assertEquals(namesOf("unix:///run/a.sock"), [["uri", "unix:///run/a.sock"]]);
});

Deno.test("a name is what it looks like", () => {
  const nameOf = (text: string) => Object.values(namedSubject(text).names[0]!);
  assertEquals(nameOf("Reader.Example."), ["dns", "reader.example"]);
  assertEquals(nameOf("*.node.example"), ["dns", "*.node.example"]);
  assertEquals(nameOf("10.0.0.1"), ["ip", "10.0.0.1"]);
  assertEquals(nameOf("2001:DB8:0::1"), ["ip", "2001:db8::1"]);
  assertEquals(nameOf("spiffe://example/reader"), ["uri", "spiffe://example/reader"]);
});

for (
  const [args, message] of [
    ["", "--out is missing"],
    ["--out x --hosts tcp://a:1", "tcp hosts have no certificates"],
    ["--out x --hosts memory://a", "memory hosts have no certificates"],
    ["--out x --hosts tls://a", "the port is missing"],
    ["--out x --hosts tls://:9000", "it names no host"],
    ["--out x --hosts a:1", 'it must look like "tcp://'],
    ["--out x --hosts unix:///tmp/ä", "cannot stand in a certificate"],
    ["--out x --hosts tls://a:1,,tls://b:1", "--hosts has an empty entry"],
    ["--out x --hosts tls://a:1,TLS://A:1", '"TLS" is not one of'],
    ["--out x --hosts tls://a:1,tls://A:1", "tls://a:1 is listed twice"],
    ["--out x --name a..b", "is no DNS name"],
    ["--out x --name *", "is no DNS name"],
    ["--out x --name *.example", "is no DNS name"],
    ["--out x --name -a", "is ambiguous"],
    ["--out x --name a/b", "is no DNS name"],
    ["--out x --name 1.2.3.256", "no IP address"],
    ["--out x --name 1::2::3", "no IP address"],
    ["--out x --days 0", "--days must be a whole number from 1 to 3650"],
    ["--out x --days 1.5", "--days must be"],
    ["--out x --rotate-ca now", "--rotate-ca must be trust, issue, retire"],
    ["--out x --rotate-ca trust --name a", "leave --hosts and --name out"],
    ["--out x --unknown", "Unknown option"],
    ["--out x stray", "Unexpected argument"],
  ] as const
) {
  Deno.test(`${JSON.stringify(args)} is refused`, () => {
    assertThrows(() => parseOptions(args.split(" ").filter(Boolean)), UsageError, message);
  });
}
