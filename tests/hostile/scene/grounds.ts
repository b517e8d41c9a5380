/**
 * Over what victims are attacked.
 *
 * @module
 */

import { dials } from "../../../lib/grid/dialler.ts";
import type { MtlsConfig } from "../../../lib/transport/certificates/mtls_config.ts";
import { freePorts } from "../../../tools/network/free_ports.ts";
import { FILES, NET, PROGRAMS, RUNTIME } from "../../support/permitted.ts";
import { configOf, TestAuthority } from "../../support/certificates/test_authority.ts";

/** A transport, with the secret or with mutual TLS. */
export interface Ground {
  readonly name: string;
  readonly scheme: string;
  readonly mutualTls: boolean;
  readonly ignore: boolean;
}

/** Who is who. */
export interface Cast {
  readonly victim: string;
  readonly hostile: string;
  readonly neighbour: string;
  /** Where the victim's server of the call face listens. */
  readonly service: string;
  readonly secret: string | null;
  /** What proves a host, by its URL. */
  readonly tls: ReadonlyMap<string, MtlsConfig>;
}

const WINDOWS = Deno.build.os === "windows";
const permitted = NET && FILES && PROGRAMS;

function ground(scheme: string, mutualTls: boolean): Ground {
  return {
    name: mutualTls && scheme === "unix" ? "unix with mutual TLS" : scheme,
    scheme,
    mutualTls,
    ignore: !permitted || (scheme === "unix" && WINDOWS),
  };
}

/** Where attacks are tried that cost memory. */
export function isAny(_ground: Ground): boolean {
  return true;
}

/** Where attacks are tried that do not depend on the transport. */
export function isFirst(ground: Ground): boolean {
  return ground === GROUNDS[0];
}

/** Where attacks are tried that take their time: each kind of channel once. */
export function isMajor({ scheme }: Ground): boolean {
  return scheme !== "unix";
}

/** All transports over which peers come from other processes. */
export const GROUNDS: readonly Ground[] = [
  ground("tcp", false),
  ground("unix", false),
  ground("ws", false),
  ground("tls", true),
  ground("unix", true),
  ground("wss", true),
];

/** Where attacks are tried: everywhere on Deno, and elsewhere over bytes, and over messages on TLS. */
export const ATTACKED: readonly Ground[] = RUNTIME === "deno"
  ? GROUNDS
  : GROUNDS.filter(({ scheme }) => scheme === "tcp" || scheme === "wss");

let folder: string | undefined;
let made = 0;
if (FILES) {
  globalThis.addEventListener("unload", () => {
    if (folder !== undefined) Deno.removeSync(folder, { recursive: true });
  });
}

function newHost(scheme: string): string {
  if (scheme !== "unix") return `${scheme}://127.0.0.1:${freePorts(1)[0]}`;
  folder ??= Deno.makeTempDirSync({ prefix: "internode-" });
  return `unix://${folder}/${++made}.sock`;
}

function hostThatDials(scheme: string, victim: string): string {
  for (;;) {
    const host = newHost(scheme);
    if (host !== victim && dials(host, victim)) return host;
  }
}

/** Hosts on a ground, of whom the others dial the victim. */
export async function castOn({ scheme, mutualTls }: Ground): Promise<Cast> {
  const victim = newHost(scheme);
  const hostile = hostThatDials(scheme, victim), neighbour = hostThatDials(scheme, victim);
  const service = scheme === "unix" ? newHost(scheme) : `${scheme}://127.0.0.1:0`;
  const tls = new Map<string, MtlsConfig>();
  if (mutualTls) {
    const authority = await TestAuthority.root("authority");
    for (const host of [victim, hostile, neighbour]) {
      const names = [
        { type: "uri" as const, value: host },
        { type: "ip" as const, value: "127.0.0.1" },
      ];
      tls.set(host, configOf(await authority.node(host, { names }), authority));
    }
  }
  const secret = mutualTls ? null : "a secret of the hostile tests";
  return { victim, hostile, neighbour, service, secret, tls };
}

/**
 * A node, and a host that dials it.
 *
 * @param place Gives what follows the scheme. Default: a free port here.
 */
export function nodeOf(
  scheme: string,
  place: () => string = () => `127.0.0.1:${freePorts(1)[0]}`,
): readonly [string, string] {
  for (;;) {
    const local = `${scheme}://${place()}`, dialler = `${scheme}://${place()}`;
    if (local !== dialler && dials(dialler, local)) return [local, dialler];
  }
}
