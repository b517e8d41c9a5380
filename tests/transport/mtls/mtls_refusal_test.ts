import { assertEquals, assertStringIncludes } from "@std/assert";
import type { MtlsConfig } from "../../../lib/transport/certificates/mtls_config.ts";
import { Acceptor, dialOptions, told } from "../../support/channels/acceptor.ts";
import {
  authority,
  clientConfig,
  grounds,
  hostConfig,
  on,
  refusal,
  stillServes,
  webSocketGround,
} from "./mtls_ground.ts";
import {
  configOf,
  TestAuthority,
  type TestCertificate as Identity,
} from "../../support/certificates/test_authority.ts";
import { RUNTIME, SEES_CHAINS } from "../../support/permitted.ts";
import { crlPem } from "../../support/certificates/test_crl.ts";

const stranger = await TestAuthority.root("stranger");
/** Another one that calls itself the same. */
const pretender = await TestAuthority.root("authority");

for (const ground of [...grounds, webSocketGround]) {
  const test = (what: string, fn: () => Promise<void>, ignore = false): void =>
    Deno.test({ name: `mtls over ${ground.name}: ${what}`, ignore: ground.ignore || ignore, fn });

  // OpenSSL, which Node has, refuses clients' of version 1 itself; BoringSSL, which Bun has, reads none.
  const badClients: [what: string, client: MtlsConfig, reason: string][] = [
    [
      "of another authority",
      configOf(await stranger.node("client.example"), authority),
      'certificate "CN=client.example" is not signed by a trusted authority: its issuer is "CN=stranger"',
    ],
    [
      "of an authority that calls itself the same",
      configOf(await pretender.node("client.example"), authority),
      "is not signed by a trusted authority",
    ],
    [
      "that has expired",
      configOf(await authority.node("client.example", { fromDays: -9, toDays: -2 }), authority),
      'certificate "CN=client.example" expired on 2',
    ],
    [
      "that is not valid yet",
      configOf(await authority.node("client.example", { fromDays: 2, toDays: 9 }), authority),
      'certificate "CN=client.example" is not valid before 2',
    ],
    [
      "for servers only",
      configOf(await authority.node("client.example", { purposes: ["server"] }), authority),
      'certificate "CN=client.example" is not meant for TLS clients',
    ],
    [
      "signed by a node",
      configOf(await (await authority.authority("node", { issues: false })).node("c"), authority),
      "is not signed by a trusted authority",
    ],
    [
      "of version 1, forged",
      configOf(await authority.forgery("client.example", 1), authority),
      "is of X.509 version 1; only version 3 is accepted",
    ],
  ];
  for (const [what, config, reason] of badClients) {
    test(`a client with a certificate ${what} is refused, and both ends know why`, async () => {
      const acceptor = await Acceptor.on(on(hostConfig, ground), ground.url());
      const transport = on({ ...config, serverName: "host.example" }, ground);
      const error = await refusal(transport.dial(acceptor.address, dialOptions()));
      assertStringIncludes(error.message, `${acceptor.address.href} does not trust this side`);
      assertStringIncludes(error.message, reason);
      assertEquals([error.origin, error.host], ["local", acceptor.address.href]);
      const [heard] = await told(acceptor, 1);
      assertStringIncludes(heard!.message, reason);
      assertEquals([heard!.code, heard!.origin], ["Unauthenticated", "remote"]);
      await stillServes(acceptor, ground);
      await acceptor.end();
    }, RUNTIME !== "deno" && what.includes("forged"));
  }

  const revokedClient = await authority.node("client.example");
  const revokedHost = await authority.node("host.example");
  const revokedBetween = await authority.authority("between");
  const lists = await crlPem(authority, [revokedClient, revokedHost, revokedBetween]);
  const listed: [what: string, shown: Identity, reason: string][] = [
    ["", revokedClient, 'certificate "CN=client.example" was revoked by its authority on 2'],
    [
      "by way of the one that has issued it",
      await revokedBetween.node("client.example"),
      'came with "CN=between", which was revoked by its authority on 2',
    ],
  ];
  for (const [what, shown, reason] of listed) {
    test(`a client with a certificate that was revoked ${what}: both ends know why`, async () => {
      const acceptor = await Acceptor.on(on({ ...hostConfig, crl: lists }, ground), ground.url());
      const transport = on(configOf(shown, authority, { serverName: "host.example" }), ground);
      const error = await refusal(transport.dial(acceptor.address, dialOptions()));
      assertStringIncludes(error.message, reason);
      const [heard] = await told(acceptor, 1);
      assertStringIncludes(heard!.message, reason);
      await stillServes(acceptor, ground);
      await acceptor.end();
    }, !SEES_CHAINS && shown !== revokedClient);
  }

  test("a host with a certificate that was revoked: both ends know why", async () => {
    const acceptor = await Acceptor.on(on(configOf(revokedHost, authority), ground), ground.url());
    const transport = on({ ...clientConfig, crl: lists }, ground);
    const error = await refusal(transport.dial(acceptor.address, dialOptions()));
    const reason = 'certificate "CN=host.example" was revoked by its authority on 2';
    assertStringIncludes(error.message, reason);
    const [heard] = await told(acceptor, 1);
    assertStringIncludes(heard!.message, reason);
    await acceptor.end();
  });

  test("a list that has expired refuses all of its authority, if it is told to", async () => {
    const crl = await crlPem(authority, [], { thisDays: -9, nextDays: -2 });
    for (const expiredCrl of ["warn", "refuse"] as const) {
      const config = { ...hostConfig, crl, expiredCrl };
      const acceptor = await Acceptor.on(on(config, ground), ground.url());
      if (expiredCrl === "warn") await stillServes(acceptor, ground);
      else {
        const dialling = on(clientConfig, ground).dial(acceptor.address, dialOptions());
        assertStringIncludes(
          (await refusal(dialling)).message,
          "the revocation list of its authority",
        );
        await told(acceptor, 1);
      }
      await acceptor.end();
    }
  });

  const badHosts: [what: string, host: MtlsConfig, reason: string][] = [
    [
      "of another authority",
      configOf(await stranger.node("host.example"), authority),
      'certificate "CN=host.example" is not signed by a trusted authority: its issuer is "CN=stranger"',
    ],
    [
      "with another name",
      configOf(await authority.node("other.example"), authority),
      'certificate "CN=other.example" is for other.example, not for host.example',
    ],
    [
      "with the name in its subject alone",
      configOf(await authority.node("host.example", { names: [] }), authority),
      "is for no name at all, not for host.example",
    ],
    [
      "that has expired",
      configOf(await authority.node("host.example", { fromDays: -9, toDays: -2 }), authority),
      'certificate "CN=host.example" expired on 2',
    ],
    [
      "that is not valid yet",
      configOf(await authority.node("host.example", { fromDays: 2, toDays: 9 }), authority),
      'certificate "CN=host.example" is not valid before 2',
    ],
    [
      "for clients only",
      configOf(await authority.node("host.example", { purposes: ["client"] }), authority),
      'certificate "CN=host.example" is not meant for TLS servers',
    ],
    // The runtime believes the following three.
    [
      "of version 1, forged",
      configOf(await authority.forgery("host.example", 1), authority),
      "is of X.509 version 1; only version 3 is accepted",
    ],
    [
      "of version 2, forged",
      configOf(await authority.forgery("host.example", 2), authority),
      "is of X.509 version 2; only version 3 is accepted",
    ],
    [
      "issued through a forged one of version 1",
      configOf(
        await (await authority.forgery("between", 1, true)).node("host.example"),
        authority,
      ),
      'came with "CN=between", which is of X.509 version 1; only version 3 is accepted',
    ],
  ];
  for (const [what, config, reason] of badHosts) {
    test(`a host with a certificate ${what} is refused, and both ends know why`, async () => {
      const acceptor = await Acceptor.on(on(config, ground), ground.url());
      const error = await refusal(on(clientConfig, ground).dial(acceptor.address, dialOptions()));
      assertStringIncludes(error.message, `This side does not trust ${acceptor.address.href}`);
      assertStringIncludes(error.message, reason);
      assertEquals([error.origin, error.host], ["remote", acceptor.address.href]);
      const [heard] = await told(acceptor, 1);
      assertStringIncludes(heard!.message, 'it does not trust this side: certificate "CN=');
      assertStringIncludes(heard!.message, reason);
      await acceptor.end();
    }, RUNTIME === "bun" && what.includes("forged"));
  }

  test("when neither believes the other, each says so", async () => {
    const acceptor = await Acceptor.on(on(hostConfig, ground), ground.url());
    const other = configOf(
      await stranger.node("client.example"),
      stranger,
      { serverName: "host.example" },
    );
    const error = await refusal(on(other, ground).dial(acceptor.address, dialOptions()));
    assertStringIncludes(error.message, "This side does not trust");
    const [heard] = await told(acceptor, 1);
    assertStringIncludes(
      heard!.message,
      '"CN=client.example" is not signed by a trusted authority',
    );
    await stillServes(acceptor, ground);
    await acceptor.end();
  });
}
