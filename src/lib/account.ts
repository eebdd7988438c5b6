/** The account that this process runs under. */
import { readFileSync } from "node:fs";
import { homedir, userInfo } from "node:os";

/**
 * The account's name, as the system knows it. Bun's userInfo() takes it from $USER, which services and
 * containers often lack.
 */
export function accountName(): string {
  return (known ??= findName());
}

let known: string | undefined;

function findName(): string {
  const uid = process.getuid?.();
  try {
    for (const line of readFileSync("/etc/passwd", "utf8").split("\n")) {
      const [name = "", , id] = line.split(":");
      if (id === String(uid) && name !== "") return name;
    }
  } catch {
    // Not every system has the file.
  }
  const { username } = userInfo();
  if (username !== "" && username !== "unknown") return username;
  return process.env["USER"] || process.env["LOGNAME"] || `uid${uid ?? 0}`;
}

/** The account's home directory: $HOME, or what the system says. */
export function accountHome(): string {
  return process.env["HOME"] || homedir();
}
