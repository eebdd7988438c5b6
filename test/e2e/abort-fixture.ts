/** A program of somebody who gives up opening a session: started by library.test.ts with an address. */
import { TProof } from "../../src/index.ts";

const giveUp = new AbortController();
const opening = TProof.open(process.argv[2] ?? "localhost", {
  signal: giveUp.signal,
  onStatus({ phase }) {
    if (phase === "master") giveUp.abort();
  },
});
console.log(await opening.then(() => "open", Bun.inspect).then((text) => text.slice(0, 200)));
