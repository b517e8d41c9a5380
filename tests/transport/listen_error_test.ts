import { assertEquals, assertRejects } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import { parseHostAddress } from "../../lib/runtime/host_address.ts";
import { dialError, listenError } from "../../lib/runtime/transport_error.ts";
import { systemTransports } from "../../lib/transport/transports.ts";
import { certificates } from "../support/certificates/certificates.ts";
import { FILES, NET } from "../support/permitted.ts";

/** What the system throws with this code. */
function thrown(code: string): Error {
  return Object.assign(new Error(`${code} (os error 1)`), { code });
}

Deno.test("without a descriptor left neither dialling nor listening fails for good", () => {
  for (const url of ["tcp://127.0.0.1:9000", "unix:///run/a.sock", "wss://a.example:443"]) {
    for (const code of ["EMFILE", "ENFILE"]) {
      for (const make of [dialError, listenError]) {
        const error = make(parseHostAddress(url), thrown(code));
        assertEquals(error.code, "Unreachable");
        assertEquals(
          error.message.includes("reached its limit of open files"),
          true,
          error.message,
        );
      }
    }
  }
});

const NOT_YET = [
  "tcp://node-0.not-yet.invalid:9000",
  "tcp://192.0.2.77:9000",
  "tls://node-0.not-yet.invalid:9000",
  "tls://192.0.2.77:9000",
  "ws://192.0.2.77:9000",
  "wss://192.0.2.77:9000",
  "unix:///nowhere/at/all.sock",
];

for (const url of NOT_YET) {
  Deno.test(`listening at ${url}, which is not there yet, may be tried again`, {
    ignore: !NET || !FILES,
  }, async () => {
    const address = parseHostAddress(url);
    const transport = systemTransports(certificates())[address.scheme]!;
    const listening = transport.listen(address, {
      path: "/",
      accept: (channel) => channel.close(),
    });
    const error = await assertRejects(() => listening, InternodeError, "Try again");
    assertEquals([error.code, error.host], ["Unreachable", address.href]);
  });
}

Deno.test("a Unix path that is too long for the system is refused for good", {
  ignore: !NET || !FILES,
}, async () => {
  const address = parseHostAddress(`unix:///tmp/${"a".repeat(120)}`);
  const listening = systemTransports()["unix"]!.listen(address, { path: "", accept() {} });
  const error = await assertRejects(() => listening, InternodeError);
  assertEquals(error.code, "InvalidArgument");
});

Deno.test("of a name that DNS does not know the advice is about the name", () => {
  const address = parseHostAddress("tcp://no.such.invalid:9000");
  const causes = [
    "failed to lookup address information: Name or service not known",
    "getaddrinfo ENOTFOUND no.such.invalid",
    "getaddrinfo EAI_AGAIN no.such.invalid",
  ];
  for (const cause of causes.map((message) => new Error(message))) {
    const dialled = dialError(address, cause).message,
      listened = listenError(address, cause).message;
    assertEquals(
      dialled.endsWith(". Check the host's name, and that this machine's DNS knows it."),
      true,
      dialled,
    );
    assertEquals(
      listened.endsWith(
        ". Try again when DNS knows that name, or listen at an address that this machine has " +
          "(option listen of Manager).",
      ),
      true,
      listened,
    );
  }
});
