/** Functions of users that resolvers call: what they throw and return spoils no other part. @module */

import { assert, assertEquals } from "@std/assert";
import type { Endpoint, Resolver } from "@internode/grid/call";
import { directoryResolver } from "../../../lib/discovery/directory_resolver.ts";
import type { ResolveDns } from "../../../lib/discovery/dns/dns_lookup.ts";
import { dnsResolver } from "../../../lib/discovery/dns/dns_resolver.ts";
import { fileResolver } from "../../../lib/discovery/file_resolver.ts";
import { TEXTLESS } from "../../support/foreign/textless.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { FILES, NET } from "../../support/permitted.ts";
import { addressesOf, ask } from "../../support/asking.ts";

/** The parts that there are; the first makes an endpoint, and so on. */
const PARTS = ["a", "b"] as const;

/** All that a user's function may do instead of giving an endpoint. */
const BAD: readonly (readonly [what: string, make: () => unknown])[] = [
  ...TEXTLESS.map(([what, value]) =>
    [`throws ${what}`, () => {
      throw value;
    }] as const
  ),
  ...TEXTLESS.map(([what, value]) => [`returns ${what}`, () => value] as const),
  ["returns a promise that is rejected", () => Promise.reject(new Error("late"))],
];

/** Makes an endpoint of "a", and of the other what is to be tried. */
function maker(bad: () => unknown): (text: string) => Endpoint {
  return (text) =>
    /\ba(?::|$)/.test(text)
      ? { address: "good", dial: () => Promise.reject(new Error("not dialled")) }
      : bad() as Endpoint;
}

async function checkAll(
  make: (makeEndpoint: (text: string) => Endpoint, logger: QuietLogger) => Resolver,
): Promise<void> {
  for (const [what, bad] of BAD) {
    const log = new QuietLogger();
    assertEquals(addressesOf(await ask(make(maker(bad), log))), ["good"], what);
    const ignored = log.of("endpoint_ignored");
    assertEquals(ignored.map(({ level }) => level), ["warn"], what);
    assert("error" in ignored[0]!.fields && "reason" in ignored[0]!.fields, what);
  }
}

/** What is told where no part makes an endpoint. */
async function refusalOf(resolver: Resolver): Promise<string> {
  return await ask(resolver).then(() => "none", String);
}

Deno.test(
  { name: "a socket that makes no endpoint spoils no other", ignore: !FILES || !NET },
  async () => {
    const path = await Deno.makeTempDir();
    const listeners = PARTS.map((part) =>
      Deno.listen({ transport: "unix", path: `${path}/${part}` })
    );
    try {
      await checkAll((makeEndpoint, logger) => directoryResolver({ path, makeEndpoint, logger }));
      const makeEndpoint = (): never => {
        throw new Error("No way.");
      };
      const told = await refusalOf(directoryResolver({ path, makeEndpoint }));
      assert(told.includes(`"${path}/a" cannot be an endpoint: No way.`), told);
    } finally {
      for (const listener of listeners) listener.close();
      await Deno.remove(path, { recursive: true });
    }
  },
);

Deno.test({ name: "a line that makes no endpoint spoils no other", ignore: !FILES }, async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, `${PARTS.join("\n")}\n`);
    await checkAll((makeEndpoint, logger) => fileResolver({ path, makeEndpoint, logger }));
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("an address that makes no endpoint spoils no other", async () => {
  const resolveDns: ResolveDns = () => Promise.resolve(PARTS);
  await checkAll((makeEndpoint, logger) =>
    dnsResolver("cache.example", { port: 9_000, resolveDns, makeEndpoint, logger })
  );
});

Deno.test("what looks names up may answer and throw anything", async () => {
  for (const [what, value] of TEXTLESS) {
    const look = (resolveDns: () => unknown, type: "A" | "SRV" = "A"): Resolver =>
      dnsResolver("cache.example", {
        ...type === "A" ? { port: 9_000 } : { type },
        resolveDns: resolveDns as ResolveDns,
        logger: new QuietLogger(),
      });
    const refuse = (): never => {
      throw value;
    };
    for (const odd of [() => value, refuse, () => Promise.reject(value)]) {
      assert((await refusalOf(look(odd))).includes("could not be looked up in DNS"), what);
    }
    assertEquals(
      addressesOf(await ask(look(() => Promise.resolve([value, "10.0.0.1"])))),
      ["tcp://10.0.0.1:9000"],
      what,
    );
    const record = { target: "a.example.", port: 7, priority: 1, weight: 1 };
    // A record whose target is empty stands for none.
    const target = value === "" ? null : value;
    for (const odd of [value, { ...record, target }, { ...record, port: value }]) {
      assertEquals(
        addressesOf(await ask(look(() => Promise.resolve([odd, record]), "SRV"))),
        ["tcp://a.example:7"],
        what,
      );
    }
  }
});
