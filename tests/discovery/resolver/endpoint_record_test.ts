/** Endpoints with attributes, in programs and as text. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InternodeError } from "@internode/grid";
import {
  type Endpoint,
  type EndpointAttributes,
  ManualResolver,
  parseNetEndpoint,
  tcp,
  withAttributes,
} from "@internode/grid/discovery";
import { attributesOf } from "../../../lib/transport/channel/endpoint.ts";
import { readRecord, recordText } from "../../../lib/discovery/resolver/endpoint_record.ts";

const FULL: EndpointAttributes = {
  name: "cache-1",
  priority: 3,
  weight: 0.5,
  zone: "eu-1a",
  metadata: { version: "7", "": "" },
};

Deno.test("a record is read as it was written, and is the address alone where that is all", () => {
  const address = "tcp://10.0.0.1:9000";
  assertEquals(recordText({ address }), address);
  const text = recordText({ address, ...FULL });
  const endpoint = readRecord(text, parseNetEndpoint);
  assertEquals(endpoint.address, address);
  assertEquals({ ...attributesOf(endpoint) }, FULL);
  const plain = readRecord(address, parseNetEndpoint);
  assertEquals(Object.values(attributesOf(plain)).every((value) => value === undefined), true);
});

Deno.test("members that are not known are passed over; what has no address is the user's own", () => {
  const newer = readRecord(
    '{"address":"tcp://10.0.0.1:9000","shard":[1],"zone":"a"}',
    parseNetEndpoint,
  );
  assertEquals([newer.address, newer.zone], ["tcp://10.0.0.1:9000", "a"]);
  const asked: string[] = [];
  const own = (text: string): Endpoint => {
    asked.push(text);
    return tcp("10.0.0.9:1");
  };
  for (const text of ['{"host":"10.0.0.9"}', "{broken", "10.0.0.9", '["address"]']) {
    assertEquals(readRecord(text, own).address, "tcp://10.0.0.9:1");
  }
  assertEquals(asked, ['{"host":"10.0.0.9"}', "{broken", "10.0.0.9", '["address"]']);
});

Deno.test("attributes that make no sense are refused by name, in programs and in text", () => {
  const long = "x".repeat(4_097);
  const wrong: readonly [keyof EndpointAttributes, readonly unknown[]][] = [
    ["name", ["", 1, null, "a\nb", "x".repeat(256)]],
    ["zone", ["", {}, "\u202e"]],
    ["weight", [0, -1, NaN, Infinity, "2", 1n, null]],
    ["priority", [-1, 0.5, NaN, "0"]],
    ["metadata", [
      [],
      "a",
      1,
      null,
      { a: 1 },
      { a: long },
      Object.fromEntries(Array.from({ length: 65 }, (_, at) => [at, ""])),
    ]],
  ];
  for (const [name, values] of wrong) {
    for (const value of values) {
      const error = assertThrows(
        () => withAttributes(tcp("10.0.0.1:9000"), { [name]: value }),
        InternodeError,
        `Attribute ${name} of an endpoint must be`,
      );
      assertEquals(error.code, "InvalidArgument");
      if (typeof value === "bigint") continue;
      const text = JSON.stringify({ address: "tcp://10.0.0.1:9000", [name]: value });
      assertThrows(() => readRecord(text, parseNetEndpoint), InternodeError, `Attribute ${name}`);
    }
  }
  assertThrows(() => readRecord('{"address":7}', parseNetEndpoint), InternodeError, "address");
});

Deno.test("attributes cover each other, and the endpoint within is reached as before", async () => {
  let listeners = 0;
  const within: Endpoint = {
    address: "a",
    dial: () => Promise.reject(new Error("dialled")),
    onChange: () => (listeners++, () => listeners--),
  };
  const first = withAttributes(within, { zone: "a", weight: 2 });
  const second = withAttributes(first, { zone: "b", name: undefined });
  assertEquals([second.zone, second.weight, second.address], ["b", 2, "a"]);
  assertEquals([first.zone, `${first}`], ["a", "a"]);
  await assertRejects(() => second.dial(new AbortController().signal), Error, "dialled");
  const end = second.onChange!(() => {});
  assertEquals(listeners, 1);
  end();
  assertEquals(listeners, 0);
  assert(withAttributes(within, {}) === within);
  withAttributes(tcp("10.0.0.1:1"), {}).onChange?.(() => {})();
});

Deno.test("an attribute that there is not is refused in programs, as it may be misspelt", () => {
  const misspelt = { zone: "eu-1a", wieght: 2 };
  assertThrows(
    () => withAttributes(tcp("10.0.0.1:9000"), misspelt),
    InternodeError,
    'no attribute "wieght": there are name, priority, weight, zone, metadata.',
  );
});

Deno.test("metadata cannot be changed afterwards by whoever gave it", () => {
  const metadata: Record<string, string> = { version: "7" };
  const endpoint = withAttributes(tcp("10.0.0.1:9000"), { metadata });
  metadata["version"] = "8";
  assertEquals(endpoint.metadata?.["version"], "7");
});

Deno.test("another attribute is news, the same ones are none", async () => {
  const at = (attributes: EndpointAttributes) => [withAttributes(tcp("10.0.0.1:9000"), attributes)];
  const resolver = new ManualResolver(at(FULL)), { signal } = new AbortController();
  let { version } = await resolver.resolve(null, signal);
  resolver.set(at({ ...FULL, metadata: { "": "", version: "7" } }));
  assertEquals((await resolver.resolve(null, signal)).version, version);
  for (
    const other of [
      { name: "cache-2" },
      { zone: "eu-1b" },
      { weight: 1 },
      { priority: 4 },
      { metadata: { version: "8", "": "" } },
      { metadata: { version: "7" } },
      { metadata: { version: "7", toString: "" } },
    ]
  ) {
    resolver.set(at({ ...FULL, ...other }));
    const next = await resolver.resolve(null, signal);
    assert(next.version !== version, JSON.stringify(other));
    version = next.version;
  }
});
