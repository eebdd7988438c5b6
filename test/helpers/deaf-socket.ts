/** A daemon that hears no call-back: its UNIX socket is replaced by one that takes connections and is silent. */
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Home } from "./home.ts";

/** Replaces the call-back socket of the only daemon of `home`, until the result is disposed of. */
export function deafSocket(home: Home): Disposable {
  const [name, ...more] = [
    ...new Bun.Glob("*/xpd.sock").scanSync({ cwd: home.state, onlyFiles: false }),
  ];
  if (name === undefined || more.length > 0) throw new Error(`no single daemon in ${home.state}`);
  const path = join(home.state, name);
  renameSync(path, `${path}.own`);
  const listener = Bun.listen({ unix: path, socket: { data: () => undefined } });
  return {
    [Symbol.dispose]() {
      listener.stop(true);
      rmSync(path, { force: true });
      renameSync(`${path}.own`, path);
    },
  };
}
