/** What a daemon tells a master besides what it tells every proofserv: see serve.ts. */
import { asObject, Fields, type JsonObject } from "../lib/check.ts";
import { readWish } from "./create.ts";
import { decodeServe, LONGEST, type MasterParameters } from "./serve.ts";

/** Reads all of a master's parameters; throws CheckError. */
export function decodeMaster(object: JsonObject): MasterParameters {
  const common = decodeServe(object);
  const fields = new Fields(object, "parameters");
  const startup = new Fields(asObject(object["startup"], "startup"), "startup");
  const recovery = new Fields(asObject(object["recovery"], "recovery"), "recovery");
  return {
    ...common,
    keyFile: fields.string("keyFile"),
    fingerprint: fields.string("fingerprint", 64),
    tls: readTls(object),
    masterOnly: fields.boolean("masterOnly"),
    requireAll: fields.boolean("requireAll"),
    workers: readWish(object),
    startup: {
      ...common.startup,
      mode: startup.oneOf("mode", ["serial", "parallel"]),
      parallel: startup.integer("parallel", 1, 65_536),
      create: startup.integer("create", 1, LONGEST),
      session: startup.integer("session", 1, LONGEST),
    },
    heartbeat: fields.integer("heartbeat", 1, LONGEST),
    heartbeatTimeout: fields.integer("heartbeatTimeout", 1, LONGEST),
    recovery: {
      wait: recovery.integer("wait", 1, LONGEST),
      longest: recovery.integer("longest", 1, LONGEST),
      deaths: recovery.integer("deaths", 1, 1_000_000),
      deathsPerNode: recovery.integer("deathsPerNode", 1, 1_000_000),
      calm: recovery.integer("calm", 0, LONGEST),
      look: recovery.integer("look", 0, LONGEST),
    },
    maxquerykept: fields.integer("maxquerykept", 0, 1_000_000),
  };
}

function readTls(object: JsonObject): MasterParameters["tls"] {
  if (object["tls"] === undefined) return undefined;
  const tls = new Fields(asObject(object["tls"], "tls"), "tls");
  return { cert: tls.string("cert"), key: tls.string("key"), ca: tls.string("ca") };
}
