import { open } from "node:fs/promises";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InternodeError } from "@internode/grid";
import {
  missing,
  type Resolution,
  type Resolver,
  type Version,
} from "../../../lib/discovery/resolver/resolver.ts";
import { fileResolver, type FileResolverOptions } from "../../../lib/discovery/file_resolver.ts";
import { addressesOf, named } from "../../support/endpoint_named.ts";
import { FILES } from "../../support/permitted.ts";
import { QuietLogger } from "../../support/log/quiet.ts";

const { signal } = new AbortController();
const A = "tcp://10.0.0.1:9000", B = "tcp://10.0.0.2:9000";

/** A file of its own for each test, and a resolver of it. */
class Scene implements AsyncDisposable {
  readonly logger = new QuietLogger();
  readonly path: string;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.path = `${folder}/hosts`;
  }

  resolver(options: Partial<FileResolverOptions> = {}): Resolver {
    return fileResolver({
      path: this.path,
      logger: this.logger,
      settleMs: 20,
      // Notifications must do, where a test does not say otherwise.
      pollIntervalMs: 60_000,
      ...options,
    });
  }

  write(...lines: readonly string[]): Promise<void> {
    return Deno.writeTextFile(this.path, lines.map((line) => `${line}\n`).join(""));
  }

  async rename(...lines: readonly string[]): Promise<void> {
    await Deno.writeTextFile(`${this.path}.new`, lines.map((line) => `${line}\n`).join(""));
    await Deno.rename(`${this.path}.new`, this.path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}

function test(name: string, body: (scene: Scene) => Promise<void>): void {
  Deno.test({ name, ignore: !FILES }, async () => {
    await using scene = new Scene(await Deno.makeTempDir());
    await body(scene);
  });
}

/** Follows a resolver as clients do: each call gives the next set that is new. */
function following(resolver: Resolver): () => Promise<string[]> {
  let version: Version | null = null;
  return async () => {
    const resolution: Resolution = await resolver.resolve(version, signal);
    version = resolution.version;
    return version === missing ? ["missing"] : addressesOf(resolution);
  };
}

test("the endpoints are those that the file lists", async (scene) => {
  await scene.write("# rack 1", A, "", B, A);
  const resolver = scene.resolver();
  assert(!resolver.isConstant);
  assertEquals(addressesOf(await resolver.resolve(null, signal)), [A, B]);
});

test("a file that is written over, renamed into place, deleted and made again is followed", async (scene) => {
  const next = following(scene.resolver());
  assertEquals(await next(), ["missing"]);
  await scene.write(A);
  assertEquals(await next(), [A]);
  await scene.write(A, B);
  assertEquals(await next(), [A, B]);
  await scene.rename(B);
  assertEquals(await next(), [B]);
  await Deno.remove(scene.path);
  assertEquals(await next(), ["missing"]);
  await scene.rename(A);
  assertEquals(await next(), [A]);
  assertEquals(scene.logger.warnings, [
    `The file ${scene.path} does not exist. There are no endpoints until it lists some.`,
  ]);
});

test("a change while somebody waits is seen, also one by several clients", async (scene) => {
  await scene.write(A);
  const resolver = scene.resolver();
  const { version } = await resolver.resolve(null, signal);
  const waiting = [1, 2, 3].map(() => resolver.resolve(version, signal));
  await scene.write(A, B);
  for (const resolution of await Promise.all(waiting)) {
    assertEquals(addressesOf(resolution), [A, B]);
  }
});

test("a file that becomes empty or malformed keeps the last endpoints, and tells why", async (scene) => {
  await scene.write(A);
  const resolver = scene.resolver();
  const { version } = await resolver.resolve(null, signal);
  let isAnswered = false;
  const waiting = resolver.resolve(version, signal).finally(() => isAnswered = true);

  await Deno.truncate(scene.path);
  const empty = await scene.logger.nth(1);
  assert(empty.includes("the last 1 stay in use. To remove all, delete it"), empty);
  assertEquals(addressesOf(await resolver.resolve(null, signal)), [A]);

  await scene.write("# none", "tcp://10.0.0.3");
  const malformed = await scene.logger.nth(2);
  assert(malformed.startsWith(`Line 2 of ${scene.path} is not an endpoint: `), malformed);
  assert(malformed.endsWith("The last endpoint stays in use."), malformed);
  assertEquals(addressesOf(await resolver.resolve(null, signal)), [A]);
  assert(!isAnswered);

  await scene.write(B);
  assertEquals(addressesOf(await waiting), [B]);
  assertEquals(scene.logger.warnings.length, 2);
});

test("a line that is no endpoint is passed over, with one warning", async (scene) => {
  await scene.write(A, "tcp://10.0.0.3", B);
  const resolver = scene.resolver();
  const first = await resolver.resolve(null, signal);
  assertEquals(addressesOf(first), [A, B]);
  await scene.write("tcp://10.0.0.4:1", "tcp://10.0.0.3", B);
  const second = await resolver.resolve(first.version, signal);
  assertEquals(addressesOf(second), ["tcp://10.0.0.4:1", B]);
  const [warning] = scene.logger.warnings;
  assertEquals(scene.logger.warnings.length, 1);
  assert(warning!.startsWith(`Line 2 of ${scene.path} is not an endpoint: `), warning);
  assert(warning!.endsWith("It is ignored, and the others are used."), warning);
});

test("a file without a good line and with nothing known before rejects, until it is corrected", async (scene) => {
  await scene.write("#", "tpc://10.0.0.2:9000");
  const resolver = scene.resolver();
  for (let time = 0; time < 2; time++) {
    const error = await assertRejects(
      () => resolver.resolve(null, signal),
      InternodeError,
      `Line 2 of ${scene.path} is not an endpoint`,
    );
    assertEquals(error.code, "InvalidArgument");
  }
  await scene.rename(A, B);
  assertEquals(addressesOf(await resolver.resolve(null, signal)), [A, B]);
});

test("an empty file is missing while nothing is known", async (scene) => {
  await scene.write();
  const next = following(scene.resolver());
  assertEquals(await next(), ["missing"]);
  assertEquals(scene.logger.warnings, [
    `The file ${scene.path} lists no endpoints. There are no endpoints until it lists some.`,
  ]);
  await scene.write(A);
  assertEquals(await next(), [A]);
});

test("a last line without its end counts once it has rested", async (scene) => {
  await Deno.writeTextFile(scene.path, `${A}\n${B}`);
  assertEquals(addressesOf(await scene.resolver().resolve(null, signal)), [A, B]);
});

test("whoever reads while a file is written piece by piece never sees a part of it", async (scene) => {
  const before = Array.from({ length: 20 }, (_, i) => `tcp://10.0.0.${i}:9000`);
  const after = Array.from({ length: 60 }, (_, i) => `tcp://10.0.1.${i}:9000`);
  await scene.write(...before);
  // Longer than the system may let the writer stand still.
  const next = following(scene.resolver({ settleMs: 500 }));
  assertEquals(await next(), before);

  await using file = await open(scene.path, "w");
  const bytes = new TextEncoder().encode(after.map((line) => `${line}\n`).join(""));
  const seen = next();
  for (let at = 0; at < bytes.length; at += 7) await file.write(bytes.subarray(at, at + 7));
  assertEquals(await seen, after);
});

test("endpoints that are given count while the file exists, whatever is in it", async (scene) => {
  const options = { path: scene.path, settleMs: 20, pollIntervalMs: 60_000 };
  const next = following(fileResolver(options, named("x"), named("y")));
  assertEquals(await next(), ["missing"]);
  await Deno.writeTextFile(scene.path, "whatever");
  assertEquals(await next(), ["x", "y"]);
  await Deno.remove(scene.path);
  assertEquals(await next(), ["missing"]);
  await Deno.mkdir(scene.path);
  assertEquals(await next(), ["x", "y"]);
});

test("a folder that comes to be later, and one that replaces it, are noticed", async (scene) => {
  const folder = `${scene.path}.d`, path = `${folder}/hosts`;
  const next = following(scene.resolver({ path, pollIntervalMs: 30 }));
  const fill = async (line: string): Promise<void> => {
    await Deno.mkdir(`${folder}.new`);
    await Deno.writeTextFile(`${folder}.new/hosts`, `${line}\n`);
    await Deno.rename(`${folder}.new`, folder);
  };
  assertEquals(await next(), ["missing"]);
  await fill(A);
  assertEquals(await next(), [A]);
  const replaced = next();
  await Deno.rename(folder, `${folder}.old`);
  await fill(B);
  let seen = await replaced;
  if (seen[0] === "missing") seen = await next();
  assertEquals(seen, [B]);
});

test("a file behind a link that is turned is followed", async (scene) => {
  await Deno.writeTextFile(`${scene.path}.1`, `${A}\n`);
  await Deno.writeTextFile(`${scene.path}.2`, `${B}\n`);
  const turn = async (target: string): Promise<void> => {
    await Deno.symlink(target, `${scene.path}.link`);
    await Deno.rename(`${scene.path}.link`, scene.path);
  };
  await turn(`${scene.path}.1`);
  const next = following(scene.resolver());
  assertEquals(await next(), [A]);
  await turn(`${scene.path}.2`);
  assertEquals(await next(), [B]);
});

test("what is no file, and what is too long, is told", async (scene) => {
  await Deno.mkdir(scene.path);
  const resolve = () => scene.resolver().resolve(null, signal);
  await assertRejects(resolve, InternodeError, "is no file. Give the path of a file");
  await Deno.remove(scene.path);
  await Deno.writeTextFile(scene.path, "#".repeat(1_048_577));
  await assertRejects(resolve, InternodeError, "has 1048577 bytes, more than the 1048576");
  await Deno.remove(scene.path);
  await scene.write(A);
  const below = () => scene.resolver({ path: `${scene.path}/below` }).resolve(null, signal);
  const error = await assertRejects(below, InternodeError, "Could not read");
  assertEquals(error.code, "Unreachable");
});

test("whoever gives up gets the signal's reason, and nothing is left behind", async (scene) => {
  await scene.write(A);
  const resolver = scene.resolver();
  const { version } = await resolver.resolve(null, signal);
  for (const known of [version, null]) {
    const leaving = new AbortController(), given = new Error("enough");
    const left = assertRejects(() => resolver.resolve(known, leaving.signal));
    leaving.abort(given);
    assert(await left === given);
  }
});

Deno.test("options that make no sense are refused", () => {
  const refused: [FileResolverOptions, string][] = [
    [{ path: "" }, "Option path of fileResolver must not be empty."],
    [
      { path: "a", settleMs: 0 },
      "Option settleMs of fileResolver must be a number above 0, not 0.",
    ],
    [{ path: "a", pollIntervalMs: NaN }, "pollIntervalMs of fileResolver must be a number above 0"],
  ];
  for (const [options, message] of refused) {
    const error = assertThrows(() => fileResolver(options), InternodeError, message);
    assertEquals(error.code, "InvalidArgument");
  }
});

Deno.test({
  name: "without permission to read, the way to give it is told",
  permissions: { read: false },
}, async () => {
  const error = await assertRejects(
    () => fileResolver("hosts").resolve(null, signal),
    InternodeError,
    "Allow it with --allow-read for the path and its folder.",
  );
  assertEquals(error.code, "InvalidArgument");
});
