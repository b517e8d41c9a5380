/**
 * The files that Kubernetes puts into each pod.
 *
 * @module
 */

/** A folder with a service account's files. */
export class AccountFolder implements AsyncDisposable {
  /** Where it is. */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes one in namespace `shop`. */
  static async create(caCert: string, token: string): Promise<AccountFolder> {
    const folder = new AccountFolder(await Deno.makeTempDir({ prefix: "account-" }));
    await folder.write("ca.crt", caCert);
    await folder.write("namespace", "shop");
    await folder.write("token", token);
    return folder;
  }

  /** Replaces a file as Kubernetes does. */
  async write(name: string, text: string): Promise<void> {
    await Deno.writeTextFile(`${this.path}/.new`, text);
    await Deno.rename(`${this.path}/.new`, `${this.path}/${name}`);
  }

  /** Removes a file. */
  async remove(name: string): Promise<void> {
    await Deno.remove(`${this.path}/${name}`);
  }

  /** Removes all. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}
