/**
 * A resolver and the API server that it asks.
 *
 * @module
 */

import type { KubernetesResolverOptions } from "@internode/grid/kubernetes";
import type { Resolution, Resolver } from "../../../lib/discovery/resolver/resolver.ts";
import { certificates } from "../../support/certificates/certificates.ts";
import { AccountFolder } from "../../support/kubernetes/account_folder.ts";
import { cacheResolver } from "../../support/kubernetes/cache_resolver.ts";
import { ScriptedApiServer } from "../../support/kubernetes/scripted_api_server.ts";
import type { HttpServerOptions } from "../../support/network/http_server.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { FILES, NET } from "../../support/permitted.ts";

/** What a resolver says of service `cache` in namespace `shop`. */
export class Scene implements AsyncDisposable {
  readonly server: ScriptedApiServer;
  readonly account: AccountFolder;
  readonly logger = new QuietLogger();

  private constructor(server: ScriptedApiServer, account: AccountFolder) {
    this.server = server;
    this.account = account;
  }

  /** Starts the server. */
  static async create(options: HttpServerOptions = {}): Promise<Scene> {
    const server = new ScriptedApiServer(options);
    return new Scene(server, await AccountFolder.create(certificates().caCerts![0]!, "token-1"));
  }

  /** Makes a resolver. */
  resolver(options: Partial<KubernetesResolverOptions> = {}): Resolver {
    return cacheResolver(this, options);
  }

  /** Ends everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.account[Symbol.asyncDispose]();
  }
}

/** Defines a test with a scripted API server. */
export function sceneTest(
  name: string,
  body: (scene: Scene) => Promise<void>,
  options: HttpServerOptions = {},
): void {
  Deno.test(`kubernetesResolver: ${name}`, { ignore: !NET || !FILES }, async () => {
    await using scene = await Scene.create(options);
    await body(scene);
  });
}

/** The IP addresses, in their order. */
export function ips({ endpoints }: Resolution): string[] {
  return endpoints.map(({ address }) =>
    address.replace(/^tcp:\/\//, "").replace(/:9000$/, "").replace(/^\[|\]$/g, "")
  );
}
