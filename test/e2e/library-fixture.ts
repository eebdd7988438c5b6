/** A program of somebody who uses the library: started by library.test.ts with an address. */
import { TProof } from "../../src/index.ts";

await using proof = await TProof.open(process.argv[2] ?? "localhost", { workers: 2 });
const typed = await proof.exec(
  "new Float64Array([0.1, -0, Infinity, Number(process.env.PROOF_ORDINAL.slice(2))])",
);
const others = await proof.exec(
  '({ date: new Date(0), big: 2n ** 70n, deep: [{ bytes: new Uint8Array([1, 2, 255]) }], text: "ü\\0" })',
);
const plain = await proof.exec("(() => 1)");
const failed = await proof.exec("throw new Error('no')");
const shell = await proof.shell("printf x");
console.log(
  Bun.inspect({
    parallel: proof.getParallel(),
    typed: typed.map(({ ordinal, value }) => [ordinal, value]),
    other: others[1]?.value,
    function: [plain[0]?.ok, plain[0]?.value, plain[0]?.text],
    failed: failed.map(({ ok, code, text }) => [ok, code, text]),
    shell: shell.map(({ ok, output }) => [ok, output]),
    pings: (await proof.ping()).length,
  }),
);
