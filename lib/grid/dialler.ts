/**
 * Which of two hosts dials the other.
 *
 * @module
 */

/**
 * Decides by the two names alone, so that both sides agree without a word, and
 * evenly: over many pairs each host dials about half of its peers.
 *
 * @param local This host's canonical URL.
 * @param remote The other one's.
 * @returns Whether this host dials.
 */
export function dials(local: string, remote: string): boolean {
  const smallerDials =
    (hash(local < remote ? `${local}\n${remote}` : `${remote}\n${local}`) & 1) === 0;
  return (local < remote) === smallerDials;
}

/** FNV-1a (32 bits) over UTF-16 code units, then the final mix of MurmurHash3, as FNV's low bit is weak. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  }
  value = Math.imul(value ^ value >>> 16, 0x85ebca6b);
  value = Math.imul(value ^ value >>> 13, 0xc2b2ae35);
  return (value ^ value >>> 16) >>> 0;
}
