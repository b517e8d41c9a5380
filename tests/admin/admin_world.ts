/**
 * A node or a server with the admin service, over any transport.
 *
 * @module
 */

import {
  type Audit,
  Manager,
  type MtlsConfig,
  mtlsTransports,
  type Server,
  sharedSecret,
  single,
  systemTransports,
  type Transports,
} from "@internode/grid";
import { HandlerMap, listen, makeMethodKey, serve } from "@internode/grid/call";
import {
  admin,
  AdminClient,
  type AdminClientOptions,
  type AdminOptions,
} from "@internode/grid/admin";
import type { CertifiedName } from "../../examples/certs/certified_name.ts";
import { certificates } from "../support/certificates/certificates.ts";
import { configOf, TestAuthority } from "../support/certificates/test_authority.ts";
import { moduleFolder } from "../support/module_folder.ts";
import { FILES, NET } from "../support/permitted.ts";
import { QuietLogger } from "../support/log/quiet.ts";

/** The handler that is there beside admin. */
export const echo = single("test.echo");

/** Where the admin service is. */
export interface World extends AsyncDisposable {
  readonly server: Server;
  readonly address: string;
  readonly log: QuietLogger;
  /** A client of the admin service. */
  client(options?: AdminClientOptions): Promise<AdminClient>;
}

export interface WorldOptions {
  readonly admin?: AdminOptions | null;
  readonly audit?: Audit;
  /** The secret of both sides. Default: none. */
  readonly secret?: string;
}

export interface Place {
  readonly name: string;
  readonly ignore: boolean;
  /** Where to listen, how, and what clients need for it. */
  make(): Promise<
    { url: string; own: string; tls?: MtlsConfig; clientTls?: MtlsConfig; transports?: Transports }
  >;
}

const folder = moduleFolder();
let made = 0;

const plain = (name: string, ignore: boolean, make: () => [url: string, own: string]): Place => ({
  name,
  ignore,
  make: () => {
    const [url, own] = make();
    return Promise.resolve({ url, own });
  },
});

async function proven(url: string, own: string): Promise<Awaited<ReturnType<Place["make"]>>> {
  const authority = await TestAuthority.root("authority");
  const names: CertifiedName[] = own.startsWith("unix")
    ? [{ type: "uri", value: own }]
    : [{ type: "dns", value: "localhost" }];
  const tls = configOf(await authority.node("node", { names }), authority);
  const clientTls = configOf(await authority.node("desk.ops.example"), authority);
  return { url, own, tls, clientTls };
}

function socket(): string {
  return `unix://${folder}/${++made}.sock`;
}

/** Each transport, with mutual TLS where there is such. */
export const PLACES: readonly Place[] = [
  plain("memory", false, () => {
    const url = `memory://admin-${++made}`;
    return [url, url];
  }),
  plain("tcp", !NET, () => ["tcp://127.0.0.1:0", "tcp://127.0.0.1:9999"]),
  plain("ws", !NET, () => ["ws://127.0.0.1:0", "ws://127.0.0.1:9999"]),
  plain("unix", !FILES, () => {
    const url = socket();
    return [url, url];
  }),
  {
    name: "wss",
    ignore: !NET || !FILES,
    make: () =>
      Promise.resolve({
        url: "wss://localhost:0",
        own: "wss://localhost:9999",
        transports: systemTransports(certificates()),
      }),
  },
  {
    name: "tls, mutual",
    ignore: !NET,
    make: () => proven("tls://localhost:0", "tls://localhost:9999"),
  },
  {
    name: "wss, mutual",
    ignore: !NET,
    make: () => proven("wss://localhost:0", "wss://localhost:9999"),
  },
  {
    name: "unix, mutual",
    ignore: !FILES,
    make: () => {
      const url = socket();
      return proven(url, url);
    },
  },
];

/** A node of a grid, or a server of services. */
export const FACES = ["grid", "server"] as const;

/** Opens one. */
export async function openWorld(
  face: typeof FACES[number],
  place: Place,
  options: WorldOptions = {},
): Promise<World> {
  const { url, own, tls, clientTls, transports } = await place.make();
  const { secret, audit } = options, log = new QuietLogger();
  const auth = secret === undefined ? undefined : sharedSecret(secret);
  const given = options.admin === undefined ? {} : options.admin;
  let server: Server;
  if (face === "grid") {
    const node = new Manager({
      local: own,
      listen: url,
      hosts: [own],
      auth,
      tls,
      transports,
      logger: log,
      audit,
    });
    node.handle(echo, (bytes) => bytes);
    if (given !== null) node.handle(admin, given);
    server = await node.listen();
  } else {
    const handlers = new HandlerMap().add(makeMethodKey("test", "echo"), echo, (bytes) => bytes);
    const listener = await listen(url, handlers, {
      transports: tls === undefined ? transports : mtlsTransports(tls),
    });
    server = serve(listener, { auth, logger: log, audit });
    if (given !== null) server.handle(admin, given);
  }
  const { address } = server;
  return {
    server,
    address,
    log,
    client: (more) =>
      AdminClient.connect(address, {
        logger: new QuietLogger(),
        name: "ops",
        // Who is refused comes once in a test.
        reconnect: { initialMs: 60_000, maxMs: 60_000 },
        auth,
        tls: clientTls,
        transports,
        ...more,
      }),
    [Symbol.asyncDispose]: () => server.close(),
  };
}
