/** What a run has shown, as text and as JSON. */
import { median } from "../bench/statistics.ts";
import type { Outcome, Treated } from "./run.ts";

interface Summary {
  kind: string;
  faults: number;
  /** Medians in milliseconds; null where there is nothing to take one of. */
  noticed: number | null;
  recovered: number | null;
  /** Faults that nobody had to notice, and nobody did. */
  unnoticed: number;
  /** Sessions that had to be opened anew. */
  renewed: number;
}

function summaries(treated: readonly Treated[]): Summary[] {
  const kinds = [...new Set(treated.map(({ fault }) => fault.kind))].sort();
  return kinds.map((kind) => {
    const own = treated.filter(({ fault }) => fault.kind === kind);
    const noticed = own.flatMap((each) => each.noticed ?? []);
    return {
      kind,
      faults: own.length,
      noticed: noticed.length === 0 ? null : Math.round(median(noticed)),
      recovered: Math.round(median(own.map(({ recovered }) => recovered))),
      unnoticed: own.length - noticed.length,
      renewed: own.reduce((sum, { renewed }) => sum + renewed.length, 0),
    };
  });
}

function facts(seed: number, { seconds, treated, users, growth, problems }: Outcome) {
  return {
    seed,
    seconds: Math.round(seconds),
    faults: treated.length,
    kinds: summaries(treated),
    sessions: users.map(({ name, sessions, attached, outcomes }) => ({
      name,
      sessions,
      attached,
      ...outcomes,
    })),
    growth: Object.fromEntries([...growth].map(([host, grown]) => [host, Math.round(grown)])),
    problems,
  };
}

export function reportJson(seed: number, outcome: Outcome): string {
  const lines = outcome.treated.map(({ fault, ...rest }) => ({ ...fault, ...rest }));
  return JSON.stringify({ ...facts(seed, outcome), treated: lines });
}

export function reportText(seed: number, outcome: Outcome): string {
  const { kinds, sessions, growth, seconds, faults, problems } = facts(seed, outcome);
  const milliseconds = (value: number | null): string => (value === null ? "-" : `${value} ms`);
  const right = sessions.reduce((sum, each) => sum + each.right, 0);
  const failed = sessions.flatMap((each) => Object.values(each.failed)).reduce((a, b) => a + b, 0);
  return [
    `seed ${seed}: ${faults} faults in ${seconds} s; ${right} queries right, ${failed} failed, ${problems.length} problems`,
    "",
    `${"fault".padEnd(16)}${"times".padStart(6)}${"unnoticed".padStart(11)}${"noticed".padStart(11)}${"recovered".padStart(12)}${"renewed".padStart(9)}`,
    ...kinds.map(
      (each) =>
        each.kind.padEnd(16) +
        String(each.faults).padStart(6) +
        String(each.unnoticed).padStart(11) +
        milliseconds(each.noticed).padStart(11) +
        milliseconds(each.recovered).padStart(12) +
        String(each.renewed).padStart(9),
    ),
    "",
    ...sessions.map(({ name, sessions: opened, attached, right: good, failed: bad }) => {
      const codes = Object.entries(bad).map(([code, count]) => `${count} ${code}`);
      return `session ${name}: opened ${opened} times, attached to ${attached} times, ${good} queries right, failed: ${codes.join(", ") || "none"}`;
    }),
    `daemons grew by at most ${Math.max(0, ...Object.values(growth))} MiB`,
    ...problems.map((problem) => `PROBLEM ${problem}`),
  ].join("\n");
}
