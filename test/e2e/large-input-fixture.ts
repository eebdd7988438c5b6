/** Sends a session large objects again and again: started by library.test.ts with an address and a selector. */
import { type Counter, TProof } from "../../src/index.ts";

const [, , address = "", selector = ""] = process.argv;
await using proof = await TProof.open(address, { workers: 1 });
const big = new Uint8Array(12 * 1024 * 1024).fill(1);
for (let turn = 0; turn < 20; turn++) {
  const { outputs } = await proof.process<{ size: Counter }>(selector, 1, {
    input: { big },
  });
  console.log(outputs.size.value);
}
