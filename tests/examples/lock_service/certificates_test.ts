/** The certificates of a run: each node has its own and can pass as no other. @module */

import { assertEquals } from "@std/assert";
import { X509Certificate } from "node:crypto";
import { readIdentity } from "../../../examples/certs/identity_folder.ts";
import { writeCertificates } from "../../../examples/lock_service/supervisor/certificates.ts";
import { makeFolders, nodeFolder } from "../../../examples/lock_service/supervisor/folders.ts";
import { readCertificate } from "../../../lib/transport/certificates/certificate_facts.ts";
import { parseHostAddress } from "../../../lib/runtime/host_address.ts";
import { bindingRefusal } from "../../../lib/transport/certificates/host_binding.ts";
import { checkMtlsConfig } from "../../../lib/transport/certificates/mtls_config.ts";
import { FILES } from "../../support/permitted.ts";

for (
  const hosts of [
    ["tls://127.0.0.1:20000", "tls://127.0.0.1:20001", "tls://127.0.0.1:20002"],
    ["unix:///tmp/x/0.sock", "unix:///tmp/x/1.sock"],
  ]
) {
  Deno.test({
    name: `a node's certificate is good for that node alone: ${hosts[0]} and others`,
    ignore: !FILES,
    async fn() {
      const folder = await makeFolders(hosts.length);
      try {
        await writeCertificates(folder, hosts);
        for (const [node, host] of hosts.entries()) {
          const files = await readIdentity(nodeFolder(folder, node));
          checkMtlsConfig(files);
          const own = new X509Certificate(files.cert);
          const identity = {
            subject: own.subject!,
            sans: readCertificate(own.raw).names,
            fingerprint: own.fingerprint256,
          };
          const passesAs = hosts.filter((other) =>
            bindingRefusal(parseHostAddress(other), identity, true) === null
          );
          assertEquals(passesAs, [host]);
          const names = [...Deno.readDirSync(nodeFolder(folder, node))].map(({ name }) => name);
          assertEquals(names.sort(), ["ca.pem", "cert.pem", "key.pem"]);
        }
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}
