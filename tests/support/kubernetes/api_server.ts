/**
 * A real API server of Kubernetes for tests, on an etcd of its own.
 *
 * @module
 */

import { freePorts } from "../../../tools/network/free_ports.ts";
import { RUNTIME } from "../permitted.ts";
import { ETCD, EtcdServer } from "../../discovery/etcd/etcd_server.ts";
import type { ProgramTest } from "../installed.ts";

const SCRIPT = ".ci/kube-apiserver";

/** Deno alone starts it: what the resolver does on other runtimes, a scripted server shows. */
const IGNORED = ETCD.ignore || RUNTIME !== "deno";

/** The program; `null` where it was not built. */
const PROGRAM: string | null = IGNORED ? null : await builtProgram();

/**
 * Without the permissions these tests are skipped as any others. Without the
 * program they are too, but not in CI: there they fail.
 */
export const API_SERVER: ProgramTest = lookUp();

function lookUp(): ProgramTest {
  if (IGNORED) return { note: "", ignore: true };
  if (PROGRAM !== null) return ETCD;
  if (Deno.env.get("CI")) return { note: ` (kube-apiserver is MISSING: ${SCRIPT})`, ignore: false };
  return { note: ` (SKIPPED: kube-apiserver is not built, see ${SCRIPT})`, ignore: true };
}

async function builtProgram(): Promise<string | null> {
  try {
    const script = new URL(`../../../${SCRIPT}`, import.meta.url).pathname;
    const { stdout } = await new Deno.Command(script, { args: ["--path"] }).output();
    const path = new TextDecoder().decode(stdout).trim();
    return (await Deno.stat(path)).isFile ? path : null;
  } catch {
    return null;
  }
}

/** It is ready after 2 s; so long it may take on a machine that is busy, and whatever waits for it. */
export const START_LIMIT_MS = 180_000;
const LOOK_AGAIN_MS = 50;
/** The token of somebody who may do everything. */
const ADMIN = "admin-token";
const ALGORITHM = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };

/** One API server. */
export class ApiServer implements AsyncDisposable {
  /** Its URL. */
  readonly url: string;
  /** Where its objects are. */
  readonly etcd: EtcdServer;
  readonly #folder: string;
  readonly #port: number;
  readonly #more: readonly string[];
  #process: Deno.ChildProcess | null = null;
  #client: Deno.HttpClient | null = null;

  private constructor(folder: string, etcd: EtcdServer, port: number, more: readonly string[]) {
    this.#folder = folder;
    this.etcd = etcd;
    this.#port = port;
    this.#more = more;
    this.url = `https://127.0.0.1:${port}`;
  }

  /** Gives one that is ready to serve. */
  static async start(...more: string[]): Promise<ApiServer> {
    if (PROGRAM === null) throw new Error(`kube-apiserver is not built: run ${SCRIPT}.`);
    const folder = await Deno.makeTempDir({ prefix: "kube-" });
    const server = new ApiServer(folder, await EtcdServer.start(), freePorts(1)[0]!, more);
    try {
      await writeKeys(folder);
      await Deno.writeTextFile(`${folder}/tokens`, `${ADMIN},admin,1,"system:masters"`);
      await server.start();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  /** Starts it again. */
  async start(): Promise<void> {
    const folder = this.#folder, log = `${folder}/log`;
    // Through a shell, as the program writes its log to its standard error only.
    this.#process = new Deno.Command("sh", {
      args: [
        "-c",
        'exec "$0" "$@" 2>>"$LOG"',
        PROGRAM!,
        `--etcd-servers=${this.etcd.url}`,
        `--secure-port=${this.#port}`,
        "--bind-address=127.0.0.1",
        `--cert-dir=${folder}`,
        `--service-account-key-file=${folder}/sa.pub`,
        `--service-account-signing-key-file=${folder}/sa.key`,
        "--service-account-issuer=https://kubernetes.default.svc",
        `--token-auth-file=${folder}/tokens`,
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--endpoint-reconciler-type=none",
        ...this.#more,
      ],
      clearEnv: true,
      env: { LOG: log },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const deadline = performance.now() + START_LIMIT_MS;
    while (!await this.#isReady()) {
      if (performance.now() > deadline) {
        throw new Error(`kube-apiserver did not start: ${await Deno.readTextFile(log)}`);
      }
      // deno-lint-ignore internode/no-sleep -- only who asks learns that it is ready
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
  }

  /** The authority of its certificate, as PEM. */
  get caCert(): string {
    return Deno.readTextFileSync(`${this.#folder}/apiserver.crt`);
  }

  /** Freezes it. */
  freeze(): void {
    this.#process!.kill("SIGSTOP");
  }

  /** Lets it go on. */
  thaw(): void {
    this.#process!.kill("SIGCONT");
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    const process = this.#process;
    this.#process = null;
    process?.kill("SIGKILL");
    await process?.status;
  }

  /** Makes an object of JSON. */
  async create(path: string, object: unknown): Promise<Record<string, unknown>> {
    return await this.ask("POST", path, JSON.stringify(object));
  }

  /** Makes a request by hand, so that the library is not tested by itself; fields that are not known are errors. */
  async ask(
    method: string,
    path: string,
    body: string | null = null,
    type = "application/json",
  ): Promise<Record<string, unknown>> {
    const strict = method === "GET" || method === "DELETE" ? "" : "?fieldValidation=Strict";
    const response = await this.#fetch(method, path + strict, body, type);
    const answer = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
    return answer;
  }

  /** Makes a namespace. */
  async createNamespace(name: string): Promise<void> {
    await this.create("/api/v1/namespaces", { metadata: { name } });
  }

  /** Makes a service account, and gives a token of it. */
  async createAccount(namespace: string, name: string): Promise<string> {
    const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
    await this.create(accounts, { metadata: { name } });
    return await this.token(namespace, name);
  }

  /** Gives a new token of a service account. */
  async token(namespace: string, name: string): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
    const { status } = await this.create(path, {
      kind: "TokenRequest",
      apiVersion: "authentication.k8s.io/v1",
      spec: {},
    });
    return (status as { token: string }).token;
  }

  /** Ends it, with its etcd, and deletes its files. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#client?.close();
    await this.kill();
    await this.etcd[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #fetch(
    method: string,
    path: string,
    body: string | null = null,
    type = "application/json",
  ): Promise<Response> {
    this.#client ??= Deno.createHttpClient({ caCerts: [this.caCert] });
    return await fetch(this.url + path, {
      client: this.#client,
      method,
      body,
      headers: { authorization: `Bearer ${ADMIN}`, "content-type": type },
    });
  }

  async #isReady(): Promise<boolean> {
    try {
      const response = await this.#fetch("GET", "/readyz");
      await response.body?.cancel();
      return response.ok;
    } catch {
      // It may have been made of a certificate that was not written to its end.
      this.#client?.close();
      this.#client = null;
      return false;
    }
  }
}

/** The keys that tokens of service accounts are signed with. */
async function writeKeys(folder: string): Promise<void> {
  const keys = await crypto.subtle.generateKey(
    { ...ALGORITHM, modulusLength: 2_048, publicExponent: new Uint8Array([1, 0, 1]) },
    true,
    ["sign", "verify"],
  );
  const formats = [["sa.key", "PRIVATE KEY", "pkcs8", keys.privateKey], [
    "sa.pub",
    "PUBLIC KEY",
    "spki",
    keys.publicKey,
  ]] as const;
  for (const [name, label, format, key] of formats) {
    const bytes = new Uint8Array(await crypto.subtle.exportKey(format, key));
    const lines = bytes.toBase64().match(/.{1,64}/g)!.join("\n");
    await Deno.writeTextFile(
      `${folder}/${name}`,
      `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`,
    );
  }
}
