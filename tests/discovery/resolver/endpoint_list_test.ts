import { assertEquals, assertThrows } from "@std/assert";
import { InternodeError } from "@internode/grid";
import { endpointLines, readEndpointLine } from "../../../lib/discovery/resolver/endpoint_list.ts";
import { parseNetEndpoint } from "../../../lib/transport/net_endpoint.ts";

const read = (text: string): string[] =>
  endpointLines(text).map((line) =>
    readEndpointLine(line, "hosts", (entry) => parseNetEndpoint(entry)).address
  );

Deno.test("one endpoint a line, blanks and comments left out, however lines end", () => {
  const expected = ["tcp://10.0.0.1:9000", "unix:///run/a#1.sock", "tcp://[::1]:80"];
  const lines = [
    "# rack 1",
    "",
    " tcp://10.0.0.1:9000 # the first",
    "unix:///run/a#1.sock",
    "\t",
    "  # none",
    "tcp://[::1]:80",
  ];
  for (const end of ["\n", "\r\n", "\r"]) {
    assertEquals(read(lines.join(end)), expected);
    assertEquals(read("\ufeff" + lines.join(end) + end), expected);
  }
  assertEquals(read(""), []);
  assertEquals(read("# tcp://10.0.0.1:9000"), []);
});

Deno.test("what is no endpoint is told with its line", () => {
  const text = "tcp://10.0.0.1:9000\n\n# rack 2\ntcp://10.0.0.2\ngarbage\n";
  const error = assertThrows(
    () => read(text),
    InternodeError,
    "Line 4 of hosts is not an endpoint",
  );
  assertEquals(error.code, "InvalidArgument");
});

Deno.test("a line may be a JSON object, with attributes and a comment behind it", () => {
  const lines = [
    '{"address":"tcp://10.0.0.1:9000","name":"cache # 1","zone":"eu-1a","weight":2} # the first',
    '  {"address":"tcp://10.0.0.2:9000","metadata":{"rack":"#7 }"}}',
    "tcp://10.0.0.3:9000",
  ];
  const endpoints = endpointLines(lines.join("\n")).map((line) =>
    readEndpointLine(line, "hosts", (entry) => parseNetEndpoint(entry))
  );
  assertEquals(
    endpoints.map(({ address, name, zone, weight, metadata }) => ({
      address,
      name,
      zone,
      weight,
      metadata: metadata && { ...metadata },
    })),
    [
      {
        address: "tcp://10.0.0.1:9000",
        name: "cache # 1",
        zone: "eu-1a",
        weight: 2,
        metadata: undefined,
      },
      {
        address: "tcp://10.0.0.2:9000",
        name: undefined,
        zone: undefined,
        weight: undefined,
        metadata: { rack: "#7 }" },
      },
      {
        address: "tcp://10.0.0.3:9000",
        name: undefined,
        zone: undefined,
        weight: undefined,
        metadata: undefined,
      },
    ],
  );
});
