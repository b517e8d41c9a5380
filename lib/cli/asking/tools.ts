/**
 * Clients of the admin service, made as the context says.
 *
 * @module
 */

import { AdminClient } from "../../admin/admin_client.ts";
import { sharedSecret } from "../../driver/shared_secret.ts";
import { messageOf } from "../../foreign/text_of.ts";
import { MtlsCredentials } from "../../transport/certificates/mtls_credentials.ts";
import type { Transports } from "../../transport/channel/transport.ts";
import { systemTransports } from "../../transport/transports.ts";
import { UsageError } from "../arguments/usage_error.ts";
import type { ConnectionSettings, TlsPaths } from "../context/connection_settings.ts";
import { quietLogger } from "../output/quiet_logger.ts";
import type { World } from "../world/world.ts";

/** Makes clients of hosts, all with the same name, secret and certificates. */
export class Tools implements AsyncDisposable {
  readonly #settings: ConnectionSettings;
  readonly #world: World;
  readonly #credentials: MtlsCredentials | undefined;
  readonly #transports: Transports | undefined;

  private constructor(
    settings: ConnectionSettings,
    world: World,
    credentials: MtlsCredentials | undefined,
    transports: Transports | undefined,
  ) {
    this.#settings = settings;
    this.#world = world;
    this.#credentials = credentials;
    this.#transports = transports;
  }

  /**
   * Reads the certificates.
   *
   * @returns Resolves with the tools. Rejects with a `UsageError` where a part of the certificates is missing, and as `MtlsCredentials` throws.
   */
  static async open(settings: ConnectionSettings, world: World): Promise<Tools> {
    const { tls } = settings, { certFile, keyFile, caFile } = tls;
    if (certFile === undefined && keyFile === undefined) {
      if (caFile === undefined) return new Tools(settings, world, undefined, undefined);
      const transports = systemTransports({ caCerts: [await readText(caFile, world)] });
      return new Tools(settings, world, undefined, transports);
    }
    return new Tools(settings, world, credentialsOf(tls), undefined);
  }

  /** What its clients call themselves. */
  get name(): string {
    return this.#settings.name;
  }

  /** How long a host may take to answer, in milliseconds. */
  get timeoutMs(): number {
    return this.#settings.timeoutMs;
  }

  /** A client of one host, which the caller closes. */
  connect(host: string): Promise<AdminClient> {
    const { name, secret, token, timeoutMs } = this.#settings;
    return AdminClient.connect(host, {
      name,
      auth: secret === undefined ? undefined : sharedSecret(secret),
      tls: this.#credentials,
      transports: this.#transports,
      token,
      timeoutMs,
      dialTimeoutMs: timeoutMs,
      logger: quietLogger,
      clock: this.#world.clock,
    });
  }

  /** Ends the watching of certificates. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#credentials?.close();
  }
}

function credentialsOf(
  { certFile, keyFile, caFile, crlFile, serverName }: TlsPaths,
): MtlsCredentials {
  if (certFile === undefined || keyFile === undefined || caFile === undefined) {
    const missing = Object.entries({ certFile, keyFile, caFile })
      .filter(([, path]) => path === undefined).map(([name]) => `no ${name}`).join(" and ");
    throw new UsageError(
      `Mutual TLS takes certFile, keyFile and caFile (--cert-file, --key-file, --ca-file), and there is ${missing}.`,
    );
  }
  return new MtlsCredentials(
    { certFile, keyFile, caFile, crlFile, serverName },
    { logger: quietLogger },
  );
}

async function readText(path: string, { files, signal }: World): Promise<string> {
  try {
    return await files.readTextFile(path, signal);
  } catch (error) {
    throw new UsageError(
      `The file of authorities cannot be read: ${messageOf(error)} (${path}).`,
    );
  }
}
