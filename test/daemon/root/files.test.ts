import { expect, test } from "bun:test";
import {
  environmentText,
  rootEnvironment,
  type RootProofserv,
  settingsText,
} from "../../../src/daemon/root/files.ts";

/** The master whose settings an xproofd was recorded to write. */
const master: RootProofserv = {
  version: { tag: "peer", root: "/opt/cern/root", program: "/opt/cern/root/bin/proofserv" },
  role: "master",
  sid: 0,
  ordinal: "0",
  tag: "localhost-1795338589-7411",
  topTag: "localhost-1795338589-7411",
  user: "proofu",
  group: "default",
  cid: 6,
  clientHost: "localhost",
  host: "localhost",
  port: 21_093,
  sandbox: "/var/proof/rn/work/proofu",
  workDirectory:
    "/var/proof/rn/work/proofu/session-localhost-1795338589-7411/master-0-localhost-1795338589-7411",
  socket: "/var/proof/rn/admin/socks/xpd.21093.7411",
  statusFile: "/var/proof/rn/admin/activesessions/proofu.default.7411.status",
  logLevel: 0,
  masterOnly: false,
  conf: "workers=2",
};

test("settings are those that an xproofd writes", () => {
  expect(settingsText(master)).toBe(
    [
      "ProofServ.XpdPort: 21093",
      "ProofServ.PoolUrl: root://localhost/",
      `ProofServ.SessionDir: ${master.workDirectory}`,
      "Proof.DebugLevel: 0",
      "ProofServ.Ordinal: 0",
      "ProofServ.RootVersionTag: peer",
      "ProofServ.ProofGroup: default",
      "Proof.GroupFile: ",
      "ProofServ.Sandbox: /var/proof/rn/work/proofu",
      "ProofServ.SessionTag: localhost-1795338589-7411",
      "ProofServ.TopSessionTag: localhost-1795338589-7411",
      "ProofServ.AdminPath: /var/proof/rn/admin/activesessions/proofu.default.7411.status",
      "ProofServ.OpenSock: /var/proof/rn/admin/socks/xpd.21093.7411",
      "ProofServ.Entity: proofu:default@localhost",
      "ProofServ.SessionID: 0",
      "ProofServ.ClientID: 6",
      "ProofServ.ClientVersion: 36",
      "ProofServ.ProofConfFile: workers=2",
      "",
    ].join("\n"),
  );
});

test("a session without workers is told so", () => {
  const text = settingsText({ ...master, masterOnly: true, conf: "masteronly" });
  expect(text).toContain("Proof.MasterOnly: 1\n");
  expect(text).not.toContain("ProofConfFile");
});

test("the environment holds ROOT's variables, and names the client's", () => {
  const own = { path: "/bin", libraries: "/opt/cern/xrootd/lib", temporary: "/tmp" };
  const environment = rootEnvironment(master, { PROOF_NWORKERS: "2", A: "b\nc" }, own);
  expect(environment).toMatchObject({
    LD_LIBRARY_PATH: "/opt/cern/root/lib:/opt/cern/xrootd/lib",
    ROOTSYS: "/opt/cern/root",
    ROOTCONFDIR: "/opt/cern/root",
    PATH: "/opt/cern/root/bin:/bin",
    ROOTVERSIONTAG: "peer",
    LOCALDATASERVER: "root://localhost",
    HOME: "/var/proof/rn/work/proofu",
    USER: "proofu",
    PROOF_ALLVARS: "PROOF_NWORKERS,A",
  });
  expect(environmentText(environment)).toContain("PROOF_NWORKERS=2\n");
  expect(environmentText(environment)).not.toContain("A=b");
  expect(rootEnvironment(master, {}, own)).not.toHaveProperty("PROOF_ALLVARS");
});
