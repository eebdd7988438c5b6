/**
 * The file commands of a ROOT client: what `ls`, `more`, `tail`, `find` and the like make of one path in the
 * user's sandbox. Options are those that are listed here; nothing is run but grep.
 */
import { createHash } from "node:crypto";
import {
  createReadStream,
  lstatSync,
  readdirSync,
  readFileSync,
  rmSync,
  type Stats,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { readTail } from "../../lib/tail.ts";
import { grep } from "./grep.ts";
import { commandError, existing, existingFile, placeOf, refusal } from "./places.ts";
import { fits, readGrep, wordsOf } from "./words.ts";

/** PROOF's numbers of the commands. */
export const COMMANDS = ["rm", "ls", "more", "grep", "tail", "md5sum", "stat", "find"] as const;

/** One of the commands. */
export type Command = (typeof COMMANDS)[number];

/** Commands whose result is one text for programs, and not lines for people. */
export const isForPrograms = (command: Command): boolean =>
  command === "rm" || command === "md5sum" || command === "stat";

/** Bytes of a file that can be looked at, and files that can be found. */
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_FOUND = 100_000;
/** Names in a row of `ls -C` fill so many characters. */
const ROW = 80;
/** Basic directories of PROOF's sandbox. */
const BASIC = ["queries", "packages", "cache", "datasets", "data"];

/** Runs a command for a user at home in `home`. Throws REFUSED with the words of the command. */
export async function runCommand(
  command: Command,
  home: string,
  { path, options }: { path: string; options: string },
  signal: AbortSignal,
): Promise<string> {
  switch (command) {
    case "ls":
      return list(home, path, letters("ls", options, "alC1dtrhRS"));
    case "more": {
      letters("more", options, "dflpcsu");
      const place = existingFile(home, path, command);
      return readWhole(place, path);
    }
    case "grep": {
      const wish = readGrep(options);
      if (typeof wish === "string") throw refusal(wish);
      return (await grep(wish, filesOf(home, path, command), signal)).toString();
    }
    case "tail":
      return tail(existingFile(home, path, command), options);
    case "md5sum":
      return md5(existingFile(home, path, command));
    case "stat":
      return describe(existing(home, path, command).place);
    case "find":
      return find(home, path, options);
    default:
      return remove(home, path, letters("rm", options, "rRfiv"));
  }
}

/** The letters of options such as `-l -a`; throws REFUSED for what is not among `known`. */
function letters(command: string, options: string, known: string): Set<string> {
  const found = new Set<string>();
  for (const word of wordsOf(options)) {
    const wanted = word.slice(1).split("");
    if (!word.startsWith("-") || wanted.some((letter) => !known.includes(letter)))
      throw refusal(`${command}: the option "${word}" is not served`);
    for (const letter of wanted) found.add(letter);
  }
  return found;
}

function readWhole(place: string, path: string): string {
  const { size } = lstatSync(place);
  if (size > MAX_BYTES) throw refusal(`more: ${path}: larger than ${MAX_BYTES} bytes`);
  return readFileSync(place, "utf8");
}

/** The regular files that `path` means, of which the last part may hold `*`. */
export function filesOf(home: string, path: string, command: string): string[] {
  if (!path.includes("*")) return [existingFile(home, path, command)];
  const directory = existing(home, dirname(path), command).place;
  const pattern = basename(path);
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isFile() && fits(entry.name, pattern))
    .map(({ name }) => join(directory, name))
    .sort();
}

function list(home: string, path: string, options: Set<string>): string {
  const hasPattern = basename(path).includes("*");
  const target = existing(home, hasPattern ? dirname(path) : path, "ls");
  const isListed = target.stat.isDirectory() && !options.has("d");
  const names = isListed ? readdirSync(target.place) : [basename(target.place)];
  const directory = isListed ? target.place : dirname(target.place);
  const chosen = names
    .filter((name) => options.has("a") || !isListed || !name.startsWith("."))
    .filter((name) => !hasPattern || fits(name, basename(path)))
    .map((name) => ({ name, stat: lstatSync(join(directory, name)) }))
    .sort((a, b) =>
      options.has("t")
        ? b.stat.mtimeMs - a.stat.mtimeMs
        : options.has("S")
          ? b.stat.size - a.stat.size
          : a.name < b.name
            ? -1
            : 1,
    );
  if (options.has("r")) chosen.reverse();
  if (hasPattern && chosen.length === 0)
    throw refusal(`ls: cannot access \`${path}': No such file or directory`);
  if (options.has("l")) return lines(chosen.map(({ name, stat }) => longLine(name, stat)));
  const plain = chosen.map(({ name }) => name);
  return options.has("1") ? lines(plain) : rows(plain);
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}

/** Names beside one another, as `ls -C` does. */
function rows(names: readonly string[]): string {
  if (names.length === 0) return "";
  const width = Math.max(...names.map(({ length }) => length)) + 2;
  const columns = Math.max(1, Math.floor(ROW / width));
  const count = Math.ceil(names.length / columns);
  return lines(
    Array.from({ length: count }, (_, row) =>
      names
        .filter((_name, i) => i % count === row)
        .map((name) => name.padEnd(width))
        .join("")
        .trimEnd(),
    ),
  );
}

function longLine(name: string, stat: Stats): string {
  const kind = stat.isDirectory() ? "d" : stat.isSymbolicLink() ? "l" : "-";
  const rights = ["r", "w", "x"];
  const mode = Array.from({ length: 9 }, (_, i) =>
    (stat.mode & (1 << (8 - i))) === 0 ? "-" : (rights[i % 3] ?? ""),
  ).join("");
  const time = stat.mtime.toISOString().slice(0, 16).replace("T", " ");
  return `${kind}${mode} ${stat.nlink} ${stat.uid} ${stat.gid} ${String(stat.size).padStart(10)} ${time} ${name}`;
}

function tail(place: string, options: string): string {
  const words = wordsOf(options);
  const [first = "-10", second] = words;
  const count = first === "-n" ? second : /^-n?(\d+)$/.exec(first)?.[1];
  const lineCount = Number(count);
  if (words.length > 2 || !Number.isInteger(lineCount) || lineCount < 0)
    throw refusal(`tail: the options "${options}" are not served: -n LINES is`);
  return lines(readTail(place, Math.min(lineCount, MAX_FOUND)));
}

/** The checksum of a file, in hex. */
async function md5(place: string): Promise<string> {
  const hash = createHash("md5");
  for await (const chunk of createReadStream(place)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/** What `stat` tells: device, inode, mode, user, group, size, time, and whether it is a link. */
function describe(place: string): string {
  const stat = lstatSync(place);
  const time = Math.floor(stat.mtimeMs / 1000);
  const { dev, ino, mode, uid, gid, size } = stat;
  return [dev, ino, mode, uid, gid, size, time, stat.isSymbolicLink() ? 1 : 0].join(" ");
}

function find(home: string, path: string, options: string): string {
  const { place } = existing(home, path, "find");
  const words = wordsOf(options);
  const wanted: Record<string, string> = { "-name": "*", "-type": "", "-maxdepth": "64" };
  for (let i = 0; i < words.length; i += 2) {
    const [name = "", value] = words.slice(i, i + 2);
    if (!Object.hasOwn(wanted, name) || value === undefined)
      throw refusal(`find: the expression "${name}" is not served: -name, -type and -maxdepth are`);
    wanted[name] = value;
  }
  const found: string[] = [];
  const walk = (at: string, depth: number): void => {
    const stat = lstatSync(at, { throwIfNoEntry: false });
    if (stat === undefined || found.length >= MAX_FOUND) return;
    const type = stat.isDirectory() ? "d" : stat.isSymbolicLink() ? "l" : "f";
    const isWanted = wanted["-type"] === "" || wanted["-type"] === type;
    if (isWanted && fits(basename(at), wanted["-name"] ?? "*")) found.push(at);
    if (type === "d" && depth < Number(wanted["-maxdepth"]))
      for (const name of readdirSync(at).sort()) walk(join(at, name), depth + 1);
  };
  walk(place, 0);
  return lines(found);
}

function remove(home: string, path: string, options: Set<string>): string {
  if (path.includes("*")) throw refusal(`not allowed to rm with wild cards on path: ${path}`);
  let place: string;
  try {
    place = placeOf(home, path);
  } catch (error) {
    throw commandError("rm", path, error);
  }
  if (place === home) throw refusal(`removing all sandbox directory is not allowed: ${path}`);
  if (dirname(place) === home && BASIC.includes(basename(place)))
    throw refusal(`removing a basic sandbox directory is not allowed: ${path}`);
  const isRecursive = options.has("r") || options.has("R");
  try {
    rmSync(place, { recursive: isRecursive, force: options.has("f") });
  } catch (error) {
    throw commandError("rm", path, error);
  }
  return "OK";
}
