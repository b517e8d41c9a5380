import { assertEquals, assertRejects } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import { parseHostAddress } from "../../../lib/runtime/host_address.ts";
import { unixTransport } from "../../../lib/transport/unix/unix.ts";
import { Acceptor, dialOptions } from "../../support/channels/acceptor.ts";
import { testTransport } from "../../support/channels/channel_conformance.ts";
import { FILES, NET, RUN } from "../../support/permitted.ts";

const permitted = NET && FILES && Deno.build.os !== "windows";
const folder = permitted ? Deno.makeTempDirSync({ prefix: "internode-" }) : "";
let made = 0;
const freshAddress = (): string => `unix://${folder}/${++made}.sock`;

if (permitted) globalThis.addEventListener("unload", () => Deno.removeSync(folder));

testTransport({
  name: "unix",
  permitted,
  transport: unixTransport,
  freshAddress,
  acceptedRemote: "a client of unix://",
});

Deno.test(
  { name: "unix: a closed listener leaves no file behind", ignore: !permitted },
  async () => {
    const acceptor = await Acceptor.on(unixTransport(), freshAddress());
    assertEquals(Deno.lstatSync(acceptor.address.path).isSocket, true);
    await acceptor.end();
    await assertRejects(() => Deno.lstat(acceptor.address.path), Deno.errors.NotFound);
  },
);

Deno.test({ name: "unix: neither end needs checksums", ignore: !permitted }, async () => {
  const acceptor = await Acceptor.on(unixTransport(), freshAddress());
  const near = await unixTransport().dial(acceptor.address, dialOptions());
  const far = await acceptor.next();
  for (const end of [near, far]) assertEquals(end.kind === "bytes" && end.integrity, true);
  near.close();
  far.close();
  await acceptor.end();
});

Deno.test({
  name: "unix: the socket of a killed process is taken over",
  ignore: !permitted || !RUN,
}, async () => {
  const { path, href } = parseHostAddress(freshAddress());
  const code = `Deno.listen({ transport: "unix", path: ${JSON.stringify(path)} });` +
    `console.log("up"); setInterval(() => {}, 1000);`;
  const child = new Deno.Command(Deno.execPath(), { args: ["eval", code], stdout: "piped" })
    .spawn();
  const output = child.stdout.getReader();
  await output.read();
  const busy = await assertRejects(() => Acceptor.on(unixTransport(), href), InternodeError, href);
  assertEquals(busy.code, "Unreachable");
  child.kill("SIGKILL");
  await child.status;
  await output.cancel();
  assertEquals(Deno.lstatSync(path).isSocket, true);
  const acceptor = await Acceptor.on(unixTransport(), href);
  const near = await unixTransport().dial(acceptor.address, dialOptions());
  (await acceptor.next()).close();
  near.close();
  await acceptor.end();
});

Deno.test(
  { name: "unix: a file that is no socket is left alone", ignore: !permitted },
  async () => {
    const { path, href } = parseHostAddress(freshAddress());
    Deno.writeTextFileSync(path, "precious");
    const error = await assertRejects(
      () => Acceptor.on(unixTransport(), href),
      InternodeError,
      href,
    );
    assertEquals(error.code, "InvalidArgument");
    assertEquals(Deno.readTextFileSync(path), "precious");
    Deno.removeSync(path);
  },
);

for (const bound of ["beside", "at its path"] as const) {
  Deno.test({
    name: `unix: a listener bound ${bound} leaves the socket of its successor alone when it closes`,
    ignore: !permitted || !RUN,
  }, async () => {
    const { path } = parseHostAddress(freshAddress());
    const narrow = bound === "beside"
      ? ["--allow-net", `--allow-read=${folder}`, `--allow-write=${folder}`]
      : [`--allow-net=unix:${path}`, `--allow-read=${path}`, `--allow-write=${path}`];
    const program = new URL("unix_successor.ts", import.meta.url).href;
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-check", ...narrow, program, path],
    }).output();
    const text = new TextDecoder();
    assertEquals(
      [text.decode(stdout).trim(), success],
      ["the successor answers; then nothing is there", true],
      text.decode(stderr),
    );
  });
}

Deno.test(
  { name: "unix: of two that listen at one path at a time one has it", ignore: !permitted },
  async () => {
    const address = freshAddress(), { path } = parseHostAddress(address);
    const all = await Promise.allSettled(
      [1, 2, 3].map(() => Acceptor.on(unixTransport(), address)),
    );
    const [first, ...more] = all.filter((one) => one.status === "fulfilled");
    assertEquals(more, []);
    for (const one of all) {
      if (one.status === "rejected") assertEquals(one.reason.code, "Unreachable");
    }
    const near = await unixTransport().dial(parseHostAddress(address), dialOptions());
    (await first!.value.next()).close();
    near.close();
    await first!.value.end();
    await assertRejects(() => Deno.lstat(path), Deno.errors.NotFound);
    assertEquals([...Deno.readDirSync(folder)].filter(({ name }) => name.startsWith(".")), []);
  },
);
