import { assertEquals } from "@std/assert";
import { bearsName, kindOfName } from "../../../lib/transport/channel/peer_name.ts";

const names = {
  dns: ["node.example", "*.cache.example", "*.example", "a*.b.example", "*"],
  ip: ["10.0.0.1", "2001:db8::1"],
  uri: ["spiffe://example/node"],
};

Deno.test("kinds of names", () => {
  assertEquals(kindOfName("node.example"), "dns");
  assertEquals(kindOfName("10.0.0.1"), "ip");
  assertEquals(kindOfName("::1"), "ip");
  assertEquals(kindOfName("spiffe://example/node"), "uri");
});

Deno.test("names that a certificate bears", () => {
  const borne = [
    "node.example",
    "NODE.Example.",
    "a.cache.example",
    "10.0.0.1",
    "2001:DB8:0::1",
    "spiffe://example/node",
  ];
  for (const name of borne) assertEquals(bearsName(names, name), true, name);
});

Deno.test("names that a certificate does not bear", () => {
  const foreign = [
    "",
    "example",
    "other.example",
    "cache.example",
    "a.b.cache.example",
    ".cache.example",
    "ab.b.example",
    "a*.b.example",
    "*",
    "10.0.0.2",
    "::1",
    "spiffe://example/node/",
    "SPIFFE://example/node",
  ];
  for (const name of foreign) assertEquals(bearsName(names, name), false, name);
  assertEquals(bearsName({ dns: ["10.0.0.1"], ip: [], uri: [] }, "10.0.0.1"), false);
  assertEquals(bearsName({ dns: [], ip: [], uri: [] }, "node.example"), false);
});
