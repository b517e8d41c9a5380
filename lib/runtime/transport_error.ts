/**
 * Failures to dial and to listen, told so that one knows what to do.
 *
 * @module
 */

import { type ErrorCode, InternodeError } from "../errors.ts";
import { messageOf } from "../foreign/text_of.ts";
import type { HostAddress } from "./host_address.ts";
import { errorKind } from "./platform/error_kind.ts";
import { isLinkLocal } from "./socket_host.ts";

/**
 * Tells of a failed attempt to connect.
 *
 * @param address Where to.
 * @param cause What the runtime threw.
 * @returns An error of code `Unreachable`; `InvalidArgument` if it can never succeed.
 */
export function dialError(address: HostAddress, cause: unknown): InternodeError {
  const [code, advice] = dialAdvice(address, cause);
  const local = code === "InvalidArgument";
  return new InternodeError(
    code,
    `Could not connect to ${address.href}: ${messageOf(cause)}. ${advice}`,
    { origin: local ? "caller" : "network", host: address.href, cause },
  );
}

/**
 * Tells of a failed attempt to listen.
 *
 * @param address Where.
 * @param cause What the runtime threw.
 * @returns An error of code `InvalidArgument`, or `Unreachable` if a later attempt may succeed.
 */
export function listenError(address: HostAddress, cause: unknown): InternodeError {
  const [code, advice] = listenAdvice(address, cause);
  return new InternodeError(
    code,
    `Could not listen on ${address.href}: ${messageOf(cause)}. ${advice}`,
    { origin: code === "InvalidArgument" ? "caller" : "local", host: address.href, cause },
  );
}

type Advice = readonly [ErrorCode, string];

function dialAdvice(address: HostAddress, cause: unknown): Advice {
  const kind = errorKind(cause);
  if (kind === "notPermitted") return ["InvalidArgument", permission(address)];
  if (kind === "denied") {
    return ["Unreachable", "Check the permissions of the socket's path."];
  }
  if (kind === "badCertificate") {
    return [
      "Unreachable",
      "Check the certificates: caCerts must contain the certificate of the authority that signed the host's.",
    ];
  }
  if (zoneIsMissing(address)) return missingZone(address);
  if (kind === "noDescriptor") return ["Unreachable", DESCRIPTORS];
  if (isUnknownName(address, cause)) {
    return ["Unreachable", "Check the host's name, and that this machine's DNS knows it."];
  }
  return [
    "Unreachable",
    "Check that the host is up and listens there, and that no firewall blocks it" +
    `${orInterface(address)}.`,
  ];
}

function listenAdvice(address: HostAddress, cause: unknown): Advice {
  const kind = errorKind(cause);
  if (kind === "notPermitted") return ["InvalidArgument", permission(address)];
  if (kind === "addressInUse") {
    return ["Unreachable", "Stop what listens there, or choose another address."];
  }
  if (kind === "denied") {
    return ["InvalidArgument", "Choose an address that this process may use."];
  }
  if (zoneIsMissing(address)) return missingZone(address);
  // The system speaks of an invalid argument, such as a path that is too long.
  if (kind === "invalid") {
    return ["InvalidArgument", "Choose an address that the system understands."];
  }
  if (kind === "noDescriptor") return ["Unreachable", DESCRIPTORS];
  // A name that DNS does not have yet, an address or folder that is not there yet, no descriptor left.
  return ["Unreachable", placeAdvice(address, isUnknownName(address, cause))];
}

const DESCRIPTORS =
  "This process, or the system, has reached its limit of open files: close some, or raise the limit.";

/** What the systems say of a name that no DNS server knows, or for which none answers. */
const UNKNOWN_NAME = /\b(ENOTFOUND|EAI_\w+|getaddrinfo|lookup address information)\b/;

/** A zone that this machine does not have reads the same, but is no name of a host. */
function isUnknownName({ hostname }: HostAddress, cause: unknown): boolean {
  return !hostname.includes("%") && UNKNOWN_NAME.test(messageOf(cause));
}

function placeAdvice(address: HostAddress, isUnknown: boolean): string {
  if (address.scheme === "unix") return "Try again when its folder exists.";
  const when = isUnknown ? "DNS knows that name" : "this machine has that address";
  return `Try again when ${when}, or listen at an address that this machine has ` +
    `(option listen of Manager)${orInterface(address)}.`;
}

/** The system itself speaks of an invalid argument. */
function zoneIsMissing({ hostname }: HostAddress): boolean {
  return isLinkLocal(hostname) && !hostname.includes("%");
}

function missingZone({ hostname }: HostAddress): Advice {
  return [
    "InvalidArgument",
    `A link-local address needs the network interface that it is on: [${hostname}%eth0].`,
  ];
}

/** Of an interface that there is not, the system itself says that it knows no such name. */
function orInterface({ hostname }: HostAddress): string {
  const [, zone] = hostname.split("%", 2);
  return zone === undefined ? "" : `; this machine must have a network interface ${zone}`;
}

function permission(address: HostAddress): string {
  if (address.scheme !== "unix") return "Allow it with --allow-net.";
  return "Allow it with --allow-net, and --allow-read and --allow-write for the path.";
}
