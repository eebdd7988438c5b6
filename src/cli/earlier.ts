/** What an earlier client of a session has begun, as it is told to the one who has attached. */
import type { EarlierNews } from "../client/options.ts";
import type { SessionQuery } from "../client/query.ts";
import { sanitize, sanitizeLine } from "../lib/sanitize.ts";
import { LiveOutput } from "./live-output.ts";
import type { Output } from "./output.ts";

/** Tells what comes of it from now on. */
export function earlierReporter(output: Output): (news: EarlierNews) => void {
  const live = new LiveOutput(output);
  return (news) => {
    if (output.wantsJson) {
      if (news.kind !== "progress") output.json({ earlier: news });
      return;
    }
    switch (news.kind) {
      case "output":
        return live.add(news);
      case "result": {
        const { ordinal, ok, text, exitCode } = news.result;
        const how = text === "" ? `exit code ${exitCode ?? 0}` : sanitize(text);
        return output.info(`${ordinal}: earlier command ${ok ? "done" : "failed"}: ${how}`);
      }
      case "query":
        return output.info(`${begun(news)} is ${news.state}${hint(news)}`);
      case "progress":
        return undefined;
    }
  };
}

/** One line for each query of an earlier client. */
export function reportEarlier(queries: readonly SessionQuery[], output: Output): void {
  if (output.wantsJson) return;
  for (const query of queries.filter(({ isEarlier }) => isEarlier)) {
    const { state, processed, total, kept } = query;
    const percent = total === 0 ? 0 : Math.floor((100 * processed) / total);
    const how = kept ? `${state}${hint(query)}` : `${state}, ${percent} %`;
    output.info(`${begun(query)} is ${how}`);
  }
}

function begun({ seq, selector }: { seq: number; selector: string }): string {
  return `query ${seq} (${sanitizeLine(selector)}) of an earlier client`;
}

function hint({ seq, state }: { seq: number; state: string }): string {
  return state === "done" || state === "stopped" ? `; .retrieve ${seq} shows its result` : "";
}
