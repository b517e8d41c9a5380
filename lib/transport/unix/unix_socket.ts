/**
 * Listening on Unix sockets that are given up without harm to others.
 *
 * @module
 */

import { hexOf } from "../../foreign/hex.ts";

/** What begins the names of sockets that are about to get their real one. */
export const BINDING_PREFIX = ".internode-";

/** How long a path may be that the system binds to and connects to. */
const MAX_PATH_BYTES = 107;

/** A Unix socket that listens. */
export interface UnixSocket {
  /** See `Deno.Listener`. */
  accept(): Promise<Deno.UnixConn>;
  /** Ends it. The file is removed if it is still this socket's. */
  close(): void;
}

/**
 * Listens at a path where nothing is.
 *
 * The runtime removes whatever lies at the path of a listener that is closed,
 * also the socket of a successor. So the socket is bound to another name first
 * and then linked to its own, which the runtime knows nothing of. Where that is
 * not allowed it is bound to its own.
 *
 * @param path The path.
 * @returns The socket. Throws what the runtime does.
 */
export function listenAtPath(path: string): UnixSocket {
  const besides = bindBeside(path);
  const listener = besides ?? Deno.listen({ transport: "unix", path });
  const { dev, ino } = Deno.lstatSync(path);
  const isOwn = (): boolean => {
    try {
      const found = Deno.lstatSync(path);
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
function bindBeside(path: string): Deno.UnixListener | null {
  const beside = besidePath(path);
  // By another name it could be had at a path that nobody can connect to.
  if (new TextEncoder().encode(path).length > MAX_PATH_BYTES || !isAllowed(beside)) return null;
  let listener: Deno.UnixListener;
  try {
    listener = Deno.listen({ transport: "unix", path: beside });
  } catch {
    // Such as for the length of the name; what is wrong with the path itself shows there.
    return null;
  }
  try {
    Deno.linkSync(beside, path);
  } catch (error) {
    listener.close();
    if (error instanceof Deno.errors.AlreadyExists) {
      throw new Deno.errors.AddrInUse("Address already in use");
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
  const wanted: Deno.PermissionDescriptor[] = [
    { name: "net" },
    { name: "read", path },
    { name: "write", path },
  ];
  return wanted.every((one) => Deno.permissions.querySync(one).state === "granted");
}

function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // Somebody else has.
  }
}

/** A listener whose closing removes its path. Where a successor's socket is, it is never closed, only left. */
class BoundToPath implements UnixSocket {
  readonly #listener: Deno.UnixListener;
  readonly #isOwn: () => boolean;
  readonly #left: PromiseWithResolvers<never> = Promise.withResolvers<never>();
  #isLeft = false;

  constructor(listener: Deno.UnixListener, isOwn: () => boolean) {
    this.#listener = listener;
    this.#isOwn = isOwn;
    this.#left.promise.catch(() => {});
  }

  accept(): Promise<Deno.UnixConn> {
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
    this.#left.reject(new Deno.errors.BadResource("The listener was left."));
  }
}
