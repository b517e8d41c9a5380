import { InternodeError } from "@internode/grid";
import { assertEquals, assertThrows } from "@std/assert";
import { type HostEntry, HostList } from "../../../lib/grid/hosts/host_list.ts";
import { named } from "../../support/endpoint_named.ts";
import { textOf } from "../../../lib/foreign/text_of.ts";

const anyone = (): void => {};
const listOf = (...hosts: readonly (string | HostEntry)[]): HostList => HostList.of(hosts, anyone);

function refused(hosts: unknown, text: string): void {
  const read = (): HostList => HostList.of(hosts as Iterable<string>, anyone);
  assertEquals(assertThrows(read, InternodeError, text).code, "InvalidArgument");
}

Deno.test("hosts have their canonical names, in the order given", () => {
  const list = listOf("tcp://B.example:9000", { name: "ws://a.example" }, "memory://c");
  assertEquals(list.names, ["tcp://b.example:9000", "ws://a.example:80", "memory://c"]);
  assertEquals(list.has("ws://a.example:80"), true);
  assertEquals(list.has("ws://a.example"), false);
  assertEquals(HostList.empty.names, []);
});

Deno.test("a list that makes no sense is refused, and says what is wrong", () => {
  refused("tcp://a:1", 'Option hosts must be a list of hosts or a resolver, not "tcp://a:1"');
  refused(undefined, "not undefined");
  refused(7, "not 7");
  refused(["tcp://a:1", "tcp://A:01"], "Host tcp://a:1 is listed twice");
  refused(["tcp://a:1", { name: "tcp://a:1", address: "tcp://b:2" }], "listed twice");
  const failing = {
    *[Symbol.iterator](): Iterator<string> {
      yield "tcp://a:1";
      throw new RangeError("no more hosts");
    },
  };
  refused(failing, "The list of hosts cannot be read: no more hosts.");
  refused(["nonsense"], 'it must look like "tcp://10.0.0.1:9000"');
  refused([7], "A host must be a URL or an object with a name");
  refused([null], "not null");
  refused(
    [{ address: "tcp://a:1" }],
    'A host must be a URL or an object with a name and perhaps an address, both URLs, not one whose name is undefined and whose address is "tcp://a:1"',
  );
  refused([{ name: "tcp://a:1", address: 7 }], 'whose name is "tcp://a:1" and whose address is 7');
  refused([{ name: "tcp://a:1", address: "a:1" }], "it must look like");
  const misspelt = { name: "tcp://a:1", adress: "tcp://b:1" };
  refused([misspelt], 'Host tcp://a:1 has a field "adress", which a host has not');
});

Deno.test("wildcards and port 0 are neither names nor addresses where there are others", () => {
  for (const wild of ["tcp://0.0.0.0:9000", "tcp://[::]:9000"]) {
    refused(["tcp://a:1", wild], "it stands for all interfaces of a machine");
    refused(["tcp://a:1", { name: "tcp://b:1", address: wild }], "it stands for all interfaces");
  }
  refused(["tcp://a:1", "tcp://b:0"], "others cannot dial port 0");
  refused(["tcp://a:1", { name: "tcp://b:1", address: "tcp://b:0" }], "cannot dial port 0");
  refused(["tcp://:9000"], "it names no host");
  assertEquals(listOf("tcp://127.0.0.1:0").names, ["tcp://127.0.0.1:0"]);
});

Deno.test("a host that cannot be used is refused by who knows that", () => {
  const check = (): never => {
    throw new InternodeError("InvalidArgument", "no such transport");
  };
  assertThrows(() => HostList.of(["tcp://a:1"], check), InternodeError, "no such transport");
});

Deno.test("two lists tell who has joined, left and moved", () => {
  const older = listOf("memory://a", "memory://b", { name: "tcp://c:1", address: "tcp://x:1" });
  const newer = listOf({ name: "tcp://c:1", address: "tcp://y:1" }, "memory://d", "memory://a");
  const { joined, left, moved } = newer.changesSince(older);
  assertEquals(joined.map(({ name }) => name.href), ["memory://d"]);
  assertEquals(left, ["memory://b"]);
  assertEquals(moved.map(({ name, address }) => [name.href, address.href]), [[
    "tcp://c:1",
    "tcp://y:1",
  ]]);
  assertEquals(newer.changesSince(newer), { joined: [], left: [], moved: [] });
  assertEquals(HostList.empty.changesSince(newer).left.length, 3);
});

Deno.test("endpoints are hosts by their name, else by their address; one that is none spoils no other", () => {
  const bad: string[] = [];
  const endpoints = [
    named("tcp://a:1"),
    named("ws://b/internode"),
    { ...named("tcp://10.0.0.3:9000"), name: "tcp://c:1" },
    named("nonsense"),
    named("tcp://0.0.0.0:1"),
    { ...named("tcp://10.0.0.4:9000"), name: 7 as unknown as string },
    named("tcp://a:1"),
    { ...named("tcp://10.0.0.5:9000"), name: "tcp://a:1" },
  ];
  let last: unknown;
  const list = HostList.ofEndpoints(endpoints, anyone, ({ address }, error) => {
    bad.push(address);
    last = error;
  });
  assertEquals(list.names, ["tcp://a:1", "ws://b:80", "tcp://c:1"]);
  // Which of two addresses of one name counts is told; the same host twice is no news.
  assertEquals(bad, ["nonsense", "tcp://0.0.0.0:1", "tcp://10.0.0.4:9000", "tcp://10.0.0.5:9000"]);
  assertEquals(textOf(last), "tcp://a:1 is listed before with the address tcp://a:1.");
  const found = list.changesSince(HostList.empty).joined.map(({ address }) => address.href);
  assertEquals(found, ["tcp://a:1", "ws://b:80", "tcp://10.0.0.3:9000"]);
});
