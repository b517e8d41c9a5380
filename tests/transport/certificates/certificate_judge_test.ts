import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { X509Certificate } from "node:crypto";
import {
  type Evidence,
  type Expectation,
  judgePeer,
} from "../../../lib/transport/certificates/certificate_judge.ts";
import { OLD_X509 } from "../../support/permitted.ts";
import { TestAuthority } from "../../support/certificates/test_authority.ts";

const authority = await TestAuthority.root("authority");
const node = await authority.node("node.example");

function certificates(pem: string): X509Certificate[] {
  return pem.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g)!.map((one) =>
    new X509Certificate(one)
  );
}

const good: Evidence = { chain: certificates(node.cert), authorized: true, resumed: false };

const expected: Expectation = {
  peer: "server",
  authorities: certificates(authority.cert),
  host: { names: ["node.example"], urls: [] },
  nowMs: Date.now(),
};

function refusal(evidence: Partial<Evidence>, more: Partial<Expectation> = {}): string {
  const judgement = judgePeer({ ...good, ...evidence }, { ...expected, ...more });
  assert("refusal" in judgement, "it was believed");
  return judgement.refusal;
}

Deno.test("a good certificate is believed, with and without a name to look for", () => {
  for (const name of ["node.example", "NODE.example.", null]) {
    const judgement = judgePeer(good, {
      ...expected,
      host: name === null ? null : { names: [name], urls: [] },
    });
    assert("identity" in judgement);
    assertEquals(judgement.identity.sans.dns, ["node.example"]);
  }
});

Deno.test("without a verdict of the runtime, or with anything but a good one, nobody is believed", () => {
  for (const authorized of [false, undefined, null, 1, "true"]) {
    assertStringIncludes(refusal({ authorized }), "is not accepted by the TLS of the runtime");
  }
  for (const resumed of [true, undefined, null, 0]) {
    assertStringIncludes(refusal({ resumed }), "not verified in this one");
  }
});

Deno.test("the runtime's result alone is not enough to trust a peer", async () => {
  const pretender = await TestAuthority.root("authority");
  const cases: [string, string][] = [
    ["", "no certificate was shown"],
    [(await pretender.node("node.example")).cert, "is not signed by a trusted authority"],
    [
      (await (await authority.authority("no issuer", { issues: false })).node("node.example")).cert,
      "is not signed by a trusted authority",
    ],
    [
      (await (await authority.authority("old", { fromDays: -9, toDays: -2 })).node("node.example"))
        .cert,
      "is not signed by a trusted authority",
    ],
    [(await authority.node("other.example")).cert, "is for other.example, not for node.example"],
    [node.cert.repeat(9), "came with more than 7 others"],
  ];
  for (const version of OLD_X509) {
    const what = `is of X.509 version ${version}`;
    cases.push(
      [(await authority.forgery("node.example", version)).cert, what],
      [
        (await (await authority.forgery("between", version, true)).node("node.example")).cert,
        `came with "CN=between", which ${what}`,
      ],
    );
  }
  for (const [pem, reason] of cases) {
    assertStringIncludes(refusal({ chain: pem === "" ? [] : certificates(pem) }), reason);
  }
});

Deno.test("time is looked at with both ends of the validity", () => {
  const { validFrom, validTo } = good.chain[0]!;
  assertStringIncludes(refusal({}, { nowMs: Date.parse(validFrom) - 1 }), "is not valid before");
  assertStringIncludes(refusal({}, { nowMs: Date.parse(validTo) + 1 }), "expired on");
  assertStringIncludes(refusal({}, { nowMs: NaN }), "is not valid before");
  for (const time of [validFrom, validTo]) {
    // The authority must be valid, too, and began a little earlier or later.
    const judgement = judgePeer(good, { ...expected, nowMs: Date.parse(time) });
    assert("identity" in judgement || judgement.refusal.includes("authority"));
  }
});

Deno.test("an authority's own certificate is believed as what it is", () => {
  const chain = certificates(authority.cert);
  assertEquals("identity" in judgePeer({ ...good, chain }, { ...expected, host: null }), true);
});

Deno.test("certificates that issue each other in circles come to an end", async () => {
  const pretender = await TestAuthority.root("authority");
  const circle = (await pretender.node("node.example")).cert + pretender.cert.repeat(6);
  assertStringIncludes(
    refusal({ chain: certificates(circle) }),
    "is not signed by a trusted authority",
  );
});

Deno.test("what stands in a subject cannot break the line it is told in", async () => {
  const tricky = await authority.node(`a\nb"${"c".repeat(40)}`, {
    names: [{ type: "dns", value: "other.example" }],
  });
  const text = refusal({ chain: certificates(tricky.cert) });
  // deno-lint-ignore no-control-regex -- these are what must not be there
  assertEquals(/[\u0000-\u001f\u007f]/.test(text), false);
  assert(text.length < 400);
});
