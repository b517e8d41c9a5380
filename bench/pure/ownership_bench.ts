/**
 * Who gets a call, and who owns a key: what each pick of a balancer and each
 * question who owns a key takes. Every question is for another key, so that none
 * is remembered, but where the name says so.
 *
 * @module
 */

import {
  type Balancer,
  consistentHash,
  leastLoaded,
  type Replica,
  roundRobin,
} from "@internode/grid/call";
import { rendezvousHash } from "@internode/grid";

const HOSTS = Array.from({ length: 100 }, (_, at) => `tls://node-${at}.cache.example:9000`);
const WEIGHTED = HOSTS.map((name, at) => ({ name, weight: 1 + at % 3 }));
/** More than are remembered. */
const KEYS = Array.from({ length: 65_536 }, (_, at) => `user-${at}`);

function replicas(count: number): Replica[] {
  return Array.from({ length: count }, (_, at) => ({
    endpoint: {
      address: `tcp://10.0.0.${String(at).padStart(3, "0")}:9000`,
      dial: () => Promise.reject(new Error("no bench dials it")),
    },
    callsInFlight: at % 3,
    latencyMs: 1 + at % 5,
  }));
}

let at = 0;

function nextKey(): string {
  return KEYS[at = at + 1 & 0xffff]!;
}

const balancers: readonly [string, Balancer, boolean][] = [
  ["roundRobin", roundRobin(), false],
  ["leastLoaded", leastLoaded(), false],
  ["consistentHash", consistentHash(), true],
];
let chance = 0;
const random = (): number => chance = (chance + 0.618_033_988_75) % 1;

for (const [name, balancer, isKeyed] of balancers) {
  balancer.update(replicas(10));
  const plain = { shardKey: undefined, tried: null, random };
  Deno.bench(name, { group: "pick one of 10 replicas" }, () => {
    balancer.pick(isKeyed ? { shardKey: nextKey(), tried: null, random } : plain);
  });
}

const hosts = rendezvousHash(HOSTS), weighted = rendezvousHash(WEIGHTED);

Deno.bench("first owner", { group: "owner of a key, of 100 hosts" }, () => {
  hosts.owner(nextKey());
});

Deno.bench("first owner, asked for before", { group: "owner of a key, of 100 hosts" }, () => {
  hosts.owner("user-17");
});

Deno.bench("first owner, with weights", { group: "owner of a key, of 100 hosts" }, () => {
  weighted.owner(nextKey());
});

Deno.bench("3 owners", { group: "owner of a key, of 100 hosts" }, () => {
  hosts.owners(nextKey(), 3);
});
