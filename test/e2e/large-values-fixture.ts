/** A program of somebody who has large arrays sent: started by library.test.ts with an address. */
import { TProof } from "../../src/index.ts";

/** Bytes of the arrays: not multiples of anything. */
const SIZES = [700_001, 5_000_011, 17_000_003, 40_000_007];

await using proof = await TProof.open(process.argv[2] ?? "localhost", { workers: 3 });
let arrived = 0;
for (const size of SIZES) {
  const results = await proof.exec(
    `(() => {
      const words = new Uint32Array(${Math.ceil(size / 4)});
      let state = ${size} + Number(process.env.PROOF_ORDINAL.slice(2));
      for (let i = 0; i < words.length; i++) words[i] = state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const bytes = new Uint8Array(words.buffer, 0, ${size});
      return { bytes, hash: Bun.hash(bytes) };
    })()`,
  );
  for (const { value } of results) {
    const { bytes, hash } = value as { bytes: Uint8Array; hash: bigint };
    if (bytes.length === size && Bun.hash(bytes) === hash) arrived++;
  }
}
console.log(`${arrived} of ${SIZES.length * 3} arrays arrived`);
