/**
 * Objects as ROOT streams them, as far as ROOT's clients must get one: a list, and what a worker is. A
 * class is named anew for each object, which readers take as well as a reference to where it was before.
 */
import { ByteWriter } from "../lib/bytes.ts";

/** Set in a byte count, and the tag of a class that is named here. */
const COUNTED = 0x4000_0000;
const NEW_CLASS = 0xffff_ffff;
/** Bits of an object that is on the heap and valid. */
const BITS = 0x0300_0000;

/** Something behind its byte count. */
function counted(body: Uint8Array): Buffer {
  return new ByteWriter(4 + body.length)
    .u32(COUNTED + body.length)
    .bytes(body)
    .done();
}

/** The members of a class of some version, its base TObject first. */
function members(version: number, body: Uint8Array): Buffer {
  const base = new ByteWriter(10).u16(1).u32(0).u32(BITS).done();
  return counted(new ByteWriter().u16(version).bytes(base).bytes(body).done());
}

/** A pointer to an object. */
function object(className: string, streamed: Uint8Array): Buffer {
  return counted(new ByteWriter().u32(NEW_CLASS).cstring(className).bytes(streamed).done());
}

/** A pointer to a TList. */
export function listOf(objects: readonly Uint8Array[]): Buffer {
  const body = new ByteWriter().tstring("").i32(objects.length);
  // Each has an option, which is empty.
  for (const each of objects) body.bytes(each).tstring("");
  return object("TList", members(5, body.done()));
}

/** What PROOF knows of a worker. */
export interface SlaveInfo {
  ordinal: string;
  host: string;
  isActive: boolean;
}

/** A pointer to a TSlaveInfo; what its node is like is left open. */
export function slaveInfo({ ordinal, host, isActive }: SlaveInfo): Buffer {
  // Operating system, model and kind of processor; number, speed, bus, cache, memory.
  const system = new ByteWriter().u16(1).tstring("").tstring("").tstring("").zeros(20).done();
  const body = new ByteWriter()
    .tstring(ordinal)
    .tstring(host)
    .tstring("")
    .tstring("")
    .i32(100)
    .bytes(counted(system))
    .i32(isActive ? 0 : 1);
  return object("TSlaveInfo", members(4, body.done()));
}
