/**
 * Which remote addresses count as one.
 *
 * @module
 */

const IPV6_GROUPS = 8;
const MAPPED_IPV4 = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i;

/**
 * What counts as one address: an IPv6 network of 64 bits, because its owner has
 * all its addresses; otherwise the address.
 *
 * @param ip An IP address without brackets, as the runtime gives it.
 * @returns What they have in common.
 */
export function countedAddress(ip: string): string {
  const plain = ip.replace(/%.*$/, "").replace(MAPPED_IPV4, "");
  if (!plain.includes(":")) return plain;
  const [before, after] = plain.split("::");
  const head = before === "" ? [] : before!.split(":");
  const tail = after === undefined || after === "" ? [] : after.split(":");
  if (after !== undefined) {
    while (head.length + tail.length < IPV6_GROUPS) head.push("0");
  }
  return `${
    [...head, ...tail].slice(0, IPV6_GROUPS / 2).map((group) => parseInt(group, 16).toString(16))
      .join(":")
  }::/64`;
}
