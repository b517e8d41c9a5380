/**
 * Listens on Unix sockets, whose removal does not affect other listeners.
 *
 * @module
 */

import { errorKind } from "../../runtime/platform/error_kind.ts";
import type { Socket, SocketListener, UnixListener } from "../../runtime/platform/socket.ts";
import { thisPlatform } from "../../runtime/this_platform.ts";
import { hexOf } from "../../foreign/hex.ts";

/** The prefix of temporary socket names. */
export const BINDING_PREFIX = ".internode-";

/** How long a path may be that the system binds to and connects to. */
const MAX_PATH_BYTES = 107;

/** A Unix socket that listens. The file is removed when it is closed, if it is still this socket's. */
export type UnixSocket = SocketListener;

/**
 * Listens at a free path.
 *
 * The runtime removes whatever lies at the path of a listener that is closed,
 * also the socket of a successor. So the socket is bound to another name first
 * and then linked to its own, which the runtime knows nothing of. If that is
 * not allowed, it is bound to its own name.
 *
 * @param path The path.
 * @returns The socket. Rejects with what the runtime throws.
 */
export async function listenAtPath(path: string): Promise<UnixSocket> {
  const { files, listenUnix } = thisPlatform();
  const besides = await bindBeside(path);
  const listener = besides ?? await listenUnix(path);
  const { dev, ino } = files.lstatSync(path);
  const isOwn = (): boolean => {
    try {
      const found = files.lstatSync(path);
      return found.dev === dev && found.ino === ino;
    } catch {
      return false;
    }
  };
  return besides === null ? new BoundToPath(listener, isOwn) : {
    accept: () => listener.accept(),
    close() {
      // Before it is closed: while it is open no other socket can have its inode.
      if (isOwn()) removeQuietly(path);
      listener.close();
    },
  };
}

/** `null` where another name is not allowed, or not possible. */
async function bindBeside(path: string): Promise<UnixListener | null> {
  const { files, listenUnix } = thisPlatform(), beside = besidePath(path);
  // By another name it could be had at a path that nobody can connect to.
  if (new TextEncoder().encode(path).length > MAX_PATH_BYTES || !isAllowed(beside)) return null;
  let listener: UnixListener;
  try {
    listener = await listenUnix(beside);
  } catch {
    // Such as for the length of the name; what is wrong with the path itself shows there.
    return null;
  }
  try {
    files.linkSync(beside, path);
  } catch (error) {
    listener.close();
    if (errorKind(error) === "exists") {
      throw Object.assign(new Error("Address already in use"), { code: "EADDRINUSE" });
    }
    return null;
  }
  removeQuietly(beside);
  return listener;
}

function besidePath(path: string): string {
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  return `${folder}${BINDING_PREFIX}${hexOf(crypto.getRandomValues(new Uint8Array(4)))}`;
}

/** Asks nobody: a prompt would be about a name that nobody knows. */
function isAllowed(path: string): boolean {
  const { isPermitted } = thisPlatform();
  return isPermitted("net") && isPermitted("read", path) && isPermitted("write", path);
}

function removeQuietly(path: string): void {
  try {
    thisPlatform().files.removeSync(path);
  } catch {
    // Somebody else has.
  }
}

/** A listener whose closing removes its path. Where a successor's socket is, it is never closed, only left. */
class BoundToPath implements UnixSocket {
  readonly #listener: UnixListener;
  readonly #isOwn: () => boolean;
  readonly #left: PromiseWithResolvers<never> = Promise.withResolvers<never>();
  #isLeft = false;

  constructor(listener: UnixListener, isOwn: () => boolean) {
    this.#listener = listener;
    this.#isOwn = isOwn;
    this.#left.promise.catch(() => {});
  }

  accept(): Promise<Socket> {
    const accepted = this.#listener.accept();
    accepted.then((conn) => {
      if (this.#isLeft) conn.close();
    }, () => {});
    return Promise.race([accepted, this.#left.promise]);
  }

  close(): void {
    if (this.#isOwn()) return this.#listener.close();
    this.#isLeft = true;
    this.#listener.unref();
    this.#left.reject(Object.assign(new Error("The listener was left."), { name: "BadResource" }));
  }
}
