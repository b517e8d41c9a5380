import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InternodeError } from "@internode/grid";
import { missing, type Resolver, type Version } from "../../../lib/discovery/resolver/resolver.ts";
import { directoryResolver } from "../../../lib/discovery/directory_resolver.ts";
import { addressesOf } from "../../support/endpoint_named.ts";
import { FILES, NET } from "../../support/permitted.ts";
import { QuietLogger } from "../../support/log/quiet.ts";

const { signal } = new AbortController();
const POSIX = Deno.build.os !== "windows";

/** A folder of its own, which need not exist. */
class Scene implements AsyncDisposable {
  readonly logger = new QuietLogger();
  readonly path: string;
  readonly #parent: string;

  constructor(parent: string) {
    this.#parent = parent;
    this.path = `${parent}/sockets`;
  }

  resolver(pollIntervalMs = 60_000): Resolver {
    return directoryResolver({ path: this.path, pollIntervalMs, logger: this.logger });
  }

  listen(name: string): Deno.UnixListener {
    return Deno.listen({ transport: "unix", path: `${this.path}/${name}` });
  }

  /** Follows the resolver as clients do: each call gives the names of the next set that is new. */
  following(resolver: Resolver): () => Promise<string[]> {
    let version: Version | null = null;
    return async () => {
      const resolution = await resolver.resolve(version, signal);
      version = resolution.version;
      if (version === missing) return ["missing"];
      return addressesOf(resolution).map((address) => address.replace(`unix://${this.path}/`, ""));
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#parent, { recursive: true });
  }
}

function test(name: string, body: (scene: Scene) => Promise<void>): void {
  Deno.test({ name, ignore: !FILES || !NET || !POSIX }, async () => {
    await using scene = new Scene(await Deno.makeTempDir());
    await body(scene);
  });
}

test("the endpoints are the folder's sockets, as they come and go", async (scene) => {
  await Deno.mkdir(scene.path);
  const next = scene.following(scene.resolver());
  assertEquals(await next(), []);
  const b = scene.listen("b");
  assertEquals(await next(), ["b"]);
  const a = scene.listen("a");
  assertEquals(await next(), ["a", "b"]);
  b.close();
  assertEquals(await next(), ["a"]);
  a.close();
  assertEquals(await next(), []);
  assertEquals(scene.logger.warnings, []);
});

test("files, folders and links to nothing do not count, links to sockets do", async (scene) => {
  await Deno.mkdir(`${scene.path}/folder`, { recursive: true });
  await Deno.writeTextFile(`${scene.path}/file`, "");
  await Deno.symlink(`${scene.path}/nothing`, `${scene.path}/dangling`);
  await Deno.symlink(`${scene.path}/a`, `${scene.path}/link`);
  const a = scene.listen("a");
  assertEquals(await scene.following(scene.resolver())(), ["a", "link"]);
  a.close();
});

test("a socket whose name makes no endpoint is passed over, with one warning", async (scene) => {
  await Deno.mkdir(scene.path);
  const listeners = ["a", "b\nc"].map((name) => scene.listen(name));
  const next = scene.following(scene.resolver(20));
  assertEquals(await next(), ["a"]);
  listeners.push(scene.listen("d"));
  assertEquals(await next(), ["a", "d"]);
  assertEquals(scene.logger.warnings.length, 1);
  assert(scene.logger.warnings[0]!.includes('b\\nc" cannot be an endpoint'));
  for (const listener of listeners) listener.close();
});

test("the endpoints can be dialled", async (scene) => {
  await Deno.mkdir(scene.path);
  const a = scene.listen("a");
  const { endpoints } = await scene.resolver().resolve(null, signal);
  const [channel, accepted] = await Promise.all([endpoints[0]!.dial(signal), a.accept()]);
  channel.close();
  accepted.close();
  a.close();
});

test("a folder that does not exist is missing, and noticed when it does", async (scene) => {
  const next = scene.following(scene.resolver(30));
  assertEquals(await next(), ["missing"]);
  await Deno.mkdir(scene.path);
  assertEquals(await next(), []);
  const a = scene.listen("a");
  assertEquals(await next(), ["a"]);
  a.close();
  assertEquals(await next(), []);
  await Deno.remove(scene.path);
  assertEquals(await next(), ["missing"]);
});

test("a path that is no folder rejects; once a set is known it stays, with a warning", async (scene) => {
  await Deno.writeTextFile(`${scene.path}.file`, "");
  await Deno.mkdir(`${scene.path}.folder`);
  const turn = async (target: string): Promise<void> => {
    await Deno.symlink(target, `${scene.path}.link`);
    await Deno.rename(`${scene.path}.link`, scene.path);
  };
  await turn(`${scene.path}.file`);
  const resolver = scene.resolver(30);
  const error = await assertRejects(
    () => resolver.resolve(null, signal),
    InternodeError,
    `Could not read ${scene.path}`,
  );
  assertEquals([error.code, scene.logger.warnings.length], ["Unreachable", 0]);

  await turn(`${scene.path}.folder`);
  const a = scene.listen("a");
  const first = await resolver.resolve(null, signal);
  const waiting = resolver.resolve(first.version, signal);
  await turn(`${scene.path}.file`);
  const warning = await scene.logger.nth(1);
  assert(warning.startsWith(`Could not read ${scene.path}: `), warning);
  assert(warning.endsWith("The last endpoints stay in use."), warning);
  assertEquals(await resolver.resolve(null, signal), first);
  await turn(`${scene.path}.folder`);
  a.close();
  assertEquals(addressesOf(await waiting), []);
});

Deno.test("options that make no sense are refused", () => {
  assertThrows(() => directoryResolver(""), InternodeError, "path of directoryResolver");
  assertThrows(
    () => directoryResolver({ path: "a", pollIntervalMs: -1 }),
    InternodeError,
    "Option pollIntervalMs of directoryResolver must be a number above 0, not -1.",
  );
});
