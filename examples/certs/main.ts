/**
 * Makes certificates for the nodes of a grid: `deno task certs`.
 *
 * @module
 */

import { readOptions } from "../../tools/command_line/command_line.ts";
import { CertsError } from "./certs_error.ts";
import { type Made, makeCertificates } from "./make_certificates.ts";
import { type CertsOptions, parseOptions, USAGE } from "./options.ts";

async function main(): Promise<number> {
  const options = readOptions(USAGE, parseOptions);
  try {
    const made = await makeCertificates(options);
    console.log(options.json ? JSON.stringify(made) : describe(made, options));
    return 0;
  } catch (error) {
    // A folder that cannot be written is told in a sentence, too.
    if (!(error instanceof CertsError || error instanceof Deno.errors.PermissionDenied)) {
      throw error;
    }
    console.error(error.message);
    return 1;
  }
}

function describe(made: Made, { rotateCa }: CertsOptions): string {
  const { out, caKey, authorities, certificates, others } = made;
  const lines: string[] = [];
  if (certificates.length > 0) {
    lines.push(`Made, valid until ${certificates[0]!.notAfter}:`);
    for (const { title, cert, names } of certificates) {
      const folder = cert.slice(0, cert.lastIndexOf("/"));
      lines.push(`  ${title}`, `    in ${folder}`, `    for ${names.join(", ")}`);
    }
  }
  if (others.length > 0) {
    lines.push("As they were, except whom they believe:", ...others.map((other) => `  ${other}`));
  }
  lines.push(
    authorities === 1
      ? "All believe one authority."
      : `All believe ${authorities} authorities, as long as the change from one to the other lasts.`,
    caKey === null
      ? `Its key is not kept: for more certificates begin anew with --keep-ca-key.`
      : `Who has ${caKey} can make certificates for anybody: let no node have it.`,
    "",
    ...advice(rotateCa, out),
  );
  return lines.join("\n");
}

function advice(step: CertsOptions["rotateCa"], out: string): string[] {
  switch (step) {
    case "trust":
      return [
        "Bring the files to all nodes and let them read them anew. Then:",
        `  deno task certs --out ${out} --rotate-ca issue`,
      ];
    case "issue":
      return [
        "Bring the files to all nodes and let them read them anew, and wait until no connection",
        "is older than that. Then:",
        `  deno task certs --out ${out} --rotate-ca retire`,
      ];
    case "retire":
      return ["Bring the files to all nodes and let them read them anew; then all is done."];
    case undefined:
      return [
        "Each folder is all that its node needs; key.pem is for its eyes alone:",
        "  const [cert, key, ca] = await Promise.all(",
        '    ["cert", "key", "ca"].map((name) => Deno.readTextFile(`${folder}/${name}.pem`)),',
        "  );",
        "  await using grid = new Manager({ local, hosts, tls: { cert, key, ca } });",
      ];
  }
}

Deno.exit(await main());
