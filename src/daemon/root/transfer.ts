/** TProofMgr's GetFile and PutFile (admin 1014 and 1015): whole files between a client and its sandbox. */
import {
  closeSync,
  existsSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { messageOf, systemCode } from "../../lib/errors.ts";
import { serverMessage } from "../../protocol/attention.ts";
import { Attention, ErrorNumber } from "../../protocol/codes.ts";
import type { RequestFrame } from "../../protocol/frames.ts";
import type { Connection } from "../connection.ts";
import type { Context } from "../context.ts";
import { existing, homeOf, placeOf, refusal } from "./places.ts";

/** Bytes of a file in one frame. */
const CHUNK = 64 * 1024;

/** Sends a file: its size as the answer, then its content. Throws REFUSED. */
export async function getFile(
  context: Context,
  connection: Connection,
  frame: RequestFrame,
): Promise<void> {
  const path = frame.payload.toString().replace(/\0+$/, "");
  if (path === "") throw refusal("path missing!");
  const { place, stat } = existing(homeOf(context, connection), path, "get");
  if (!stat.isFile()) throw refusal(`${path} is not a regular file`);
  const fd = openSync(place, "r");
  const { link } = connection;
  try {
    link.ok(frame.stream, Buffer.from(`${stat.size}\0`));
    for (let at = 0; at < stat.size && !link.isClosed;) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK, stat.size - at));
      const length = readSync(fd, chunk, 0, chunk.length, at);
      // The client counts what was announced: a file that has become shorter cannot be made up for.
      if (length === 0) return link.abort(`${path} became shorter while it was sent`);
      link.attention(frame.stream, Attention.msg, chunk.subarray(0, length));
      at += length;
      await connection.room();
    }
  } finally {
    closeSync(fd);
  }
}

/**
 * Takes a file: answers OK, after which its bytes come without any header and without an answer. It is there
 * under its name once it is whole. Throws REFUSED.
 */
export function putFile(context: Context, connection: Connection, frame: RequestFrame): void {
  const [path, sizeText, option] = frame.payload.toString().replace(/\0+$/, "").split(" ");
  if (path === undefined || path === "") throw refusal("cannot resolve path!");
  const size = Number(sizeText);
  if (sizeText === undefined || !/^\d{1,15}$/.test(sizeText)) throw refusal("cannot resolve size!");
  const place = newPlace(homeOf(context, connection), path);
  if (existsSync(place) && option !== "force")
    throw refusal(`file '${path}' exists; user option 'force' to override it`);
  if (existsSync(place) && !statSync(place).isFile())
    throw refusal(`${path} is not a regular file`);
  const { link } = connection;
  const part = join(dirname(place), `.${basename(place)}.part-${connection.cid}`);
  let fd: number | undefined = openPart(part, path);
  const drop = (): void => {
    if (fd === undefined) return;
    closeSync(fd);
    fd = undefined;
    rmSync(part, { force: true });
  };
  link.takeRaw(size, {
    data(bytes) {
      try {
        if (fd !== undefined) writeAll(fd, bytes);
      } catch (error) {
        // The rest of the bytes still comes, and there is no answer to say it with.
        drop();
        const text = `PutFile: ${path}: ${systemCode(error) ?? messageOf(error)}`;
        const body = serverMessage.encode({ option: 0, text });
        link.attention(frame.stream, Attention.srvmsg, body);
      }
    },
    end(isWhole) {
      if (!isWhole) return drop();
      if (fd === undefined) return;
      closeSync(fd);
      fd = undefined;
      renameSync(part, place);
    },
  });
  link.ok(frame.stream, Buffer.from("OK\0"));
}

/** Where a new file is to be; throws REFUSED where its directory is not there. */
function newPlace(home: string, path: string): string {
  try {
    return placeOf(home, path);
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    throw refusal(`cannot open file: ${path} - ${systemCode(error)}`);
  }
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
}

function openPart(part: string, path: string): number {
  try {
    return openSync(part, "w", 0o600);
  } catch (error) {
    throw refusal(
      `cannot open file: ${path} - ${systemCode(error) ?? messageOf(error)}`,
      ErrorNumber.serverErrorXrd,
    );
  }
}
