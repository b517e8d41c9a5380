/** Which of two hosts dials, by arithmetic of its own. */

/** A pair of hosts. */
export interface DiallerVector {
  name: string;
  description: string;
  hosts: [string, string];
  /** The mixed hash. */
  hash: number;
  /** Which of the two dials. */
  dialler: string;
}

const PAIRS: readonly (readonly [name: string, hosts: [string, string], description?: string])[] = [
  ["the larger one", ["tcp://10.0.0.1:9000", "tcp://10.0.0.2:9000"]],
  ["the smaller one", ["tcp://10.0.0.1:9000", "tcp://10.0.0.3:9000"]],
  ["in either order", ["tcp://10.0.0.2:9000", "tcp://10.0.0.1:9000"]],
  ["as texts", ["tcp://10.0.0.1:9000", "tcp://10.0.0.1:10000"], "not as numbers"],
  ["sockets", ["unix:///run/a.sock", "unix:///run/b.sock"]],
  ["beyond ASCII", ["unix:///run/größe", "unix:///run/✓"], "code units of 16 bits, not bytes"],
  [
    "beyond 16 bits",
    ["unix:///run/\u{1f980}", "unix:///run/\uff01"],
    "a surrogate is smaller than U+FF01, though the character is not",
  ],
];

const MASK = 0xffff_ffffn;

/** Made without the library. */
export function diallerVectors(): DiallerVector[] {
  return PAIRS.map(([name, hosts, description = ""]) => {
    const [smaller, larger] = [...hosts].sort() as [string, string];
    let hash = 2_166_136_261n;
    for (const unit of `${smaller}\n${larger}`.split("")) {
      hash = (hash ^ BigInt(unit.charCodeAt(0))) * 16_777_619n & MASK;
    }
    hash = (hash ^ hash >> 16n) * 2_246_822_507n & MASK;
    hash = (hash ^ hash >> 13n) * 3_266_489_909n & MASK;
    hash ^= hash >> 16n;
    const dialler = hash % 2n === 0n ? smaller : larger;
    return { name, description, hosts, hash: Number(hash), dialler };
  });
}
