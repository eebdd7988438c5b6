/** TProofMgr's file commands (admin 1013): on this node, on another, or on all. */
import { messageOf } from "../../lib/errors.ts";
import { serverMessage } from "../../protocol/attention.ts";
import { Admin, Attention, Request } from "../../protocol/codes.ts";
import type { RequestFrame } from "../../protocol/frames.ts";
import { admin } from "../../protocol/requests.ts";
import type { Connection } from "../connection.ts";
import type { Context } from "../context.ts";
import { type Command, COMMANDS, isForPrograms, runCommand } from "./commands.ts";
import { handOn, nodeCalled, otherNodes } from "./nodes.ts";
import { homeOf, refusal } from "./places.ts";

/** Bytes of output in one frame, about. */
const FRAME = 1000;

/** A command of a client. */
interface Wish {
  command: Command;
  node: string;
  path: string;
  options: string;
}

/** Runs a file command; returns the answer. What it prints goes out before. Throws REFUSED. */
export async function execCommand(
  context: Context,
  connection: Connection,
  frame: RequestFrame,
): Promise<Buffer> {
  const wish = readWish(frame);
  const show = (text: string): void => {
    const body = serverMessage.encode({ option: 2, text });
    connection.link.attention(frame.stream, Attention.srvmsg, body);
  };
  const running = connection.beginWork();
  try {
    if (wish.node === "all" && !isForPrograms(wish.command))
      return await everywhere(context, connection, wish, show, running.signal);
    if (wish.node === "all") show("action cannot be run in mode 'all' - running on master only");
    const node = wish.node === "all" ? "here" : await nodeCalled(context, wish.node);
    if (node !== "here") {
      const answer = await handOn(context, node, {
        ...request(wish),
        user: connection.user,
        signal: running.signal,
        attention: (action, body) => connection.link.attention(frame.stream, action, body),
      });
      return answer;
    }
    if (!isForPrograms(wish.command)) show(`Node: ${context.host}:${context.port}\n-----`);
    const text = await runCommand(wish.command, homeOf(context, connection), wish, running.signal);
    if (isForPrograms(wish.command)) return Buffer.from(`${text}\0`);
    showLines(text, "", show);
    return Buffer.alloc(0);
  } finally {
    running.end();
  }
}

function readWish(frame: RequestFrame): Wish {
  const { int2 } = admin.decode(frame.body);
  const command = COMMANDS[int2];
  if (command === undefined) throw refusal(`unknown action type: ${int2}`);
  const [node = "", path, ...options] = frame.payload.toString().replace(/\0+$/, "").split("|");
  if (node === "") throw refusal("'node' not found in message");
  if (path === undefined || path === "") throw refusal("'path' not found in message");
  return { command, node, path, options: options.join("|") };
}

/** The same on another node, which is not to hand it on again. */
function request({
  command,
  path,
  options,
}: Wish): Pick<Parameters<typeof handOn>[2], "id" | "body" | "payload"> {
  const body = admin.encode(-1, Admin.exec, COMMANDS.indexOf(command));
  return { id: Request.admin, body, payload: Buffer.from(`localhost|${path}|${options}`) };
}

/** On every node at the same time; each line says where it is from. */
async function everywhere(
  context: Context,
  connection: Connection,
  wish: Wish,
  show: (text: string) => void,
  signal: AbortSignal,
): Promise<Buffer> {
  const report = (where: string, text: string): void => showLines(text, `${where}| `, show);
  const here = async (): Promise<void> =>
    report(
      `${context.host}:${context.port}`,
      await runCommand(wish.command, homeOf(context, connection), wish, signal),
    );
  const there = otherNodes(context).map(async (node) => {
    const parts: string[] = [];
    const attention = (_action: number, body: Buffer): void =>
      void parts.push(serverMessage.decode(body).text);
    const user = connection.user;
    const where = `${node.host}:${node.port}`;
    try {
      await handOn(context, node, { ...request(wish), user, signal, attention });
      // Its first message names the node, which the lines do here.
      report(where, parts.slice(1).join("\n"));
    } catch (error) {
      report(where, messageOf(error));
    }
  });
  const mine = here().catch((error: unknown) =>
    report(`${context.host}:${context.port}`, messageOf(error)),
  );
  await Promise.all([mine, ...there]);
  return Buffer.alloc(0);
}

/** Shows lines, several in one message. */
function showLines(text: string, prefix: string, show: (text: string) => void): void {
  if (text === "") return;
  const all = text.replace(/\n$/, "").split("\n");
  let part = "";
  for (const line of all) {
    if (part !== "" && part.length + line.length > FRAME) {
      show(part);
      part = "";
    }
    part += `${part === "" ? "" : "\n"}${prefix}${line}`;
  }
  if (part !== "") show(part);
}
