/**
 * The program itself, but for its proofservs, which are ours: they write down what the daemon told them
 * (beside their log, as told.json) and call back as `FIXTURE` in their environment wants it.
 */
import { writeFileSync } from "node:fs";
import { Link, STREAM } from "../../src/comm/link.ts";
import { adopt } from "../../src/comm/socket.ts";
import { parseObject } from "../../src/lib/check.ts";
import { Request } from "../../src/protocol/codes.ts";
import { PARAMETERS_FD } from "../../src/protocol/call-back.ts";
import { callBackLogin, decodeServe, type ServeParameters } from "../../src/protocol/serve.ts";

/** Calls back with `ticket`; resolves with "ok" or what the daemon says. */
export async function callBack(
  { socket, sid, user }: ServeParameters,
  ticket: string,
): Promise<{ link: Link; answer: string }> {
  const link = await Link.open({ path: socket }, 5_000);
  const { body, payload } = callBackLogin({ sid, user, ticket }, process.pid);
  const answer = await link
    .call(STREAM.login, Request.login, { what: "call-back", timeout: 5_000, body, payload })
    .then(
      () => "ok",
      (error: unknown) => String(error),
    );
  return { link, answer };
}

if (import.meta.main) {
  const argv = process.argv.slice(2);
  if (argv[0] === "serve") await serve(decodeServe(parseObject(await parameters(), "parameters")));
  else process.exit(await (await import("../../src/cli/main.ts")).run(argv));
}

/** The line that the daemon writes at descriptor 3. */
async function parameters(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let line = "";
  const channel = await adopt(PARAMETERS_FD);
  channel.attach({
    data(chunk) {
      line += chunk.toString();
      if (line.endsWith("\n")) channel.end();
    },
    closed: () => resolve(line),
  });
  return promise;
}

async function serve(parameters: ServeParameters): Promise<void> {
  const answers: string[] = [];
  const tell = (): void =>
    writeFileSync(
      parameters.logPath.replace(/[^/]*$/, "told.json"),
      JSON.stringify({ parameters, answers }),
    );
  const call = async (ticket: string): Promise<void> => {
    answers.push((await callBack(parameters, ticket)).answer);
    tell();
  };
  const { ticket } = parameters;
  switch (process.env["FIXTURE"]) {
    case "twice":
      await call(ticket);
      await call(ticket);
      break;
    case "wrong":
      await call("0".repeat(ticket.length));
      break;
    case "late":
      process.on("SIGTERM", () => undefined);
      process.on("SIGINT", () => undefined);
      tell();
      await Bun.sleep(1_500);
      await call(ticket);
      break;
    default:
      tell();
  }
  await Bun.sleep(60_000);
}
