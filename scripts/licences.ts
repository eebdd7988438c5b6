/**
 * Licences of all that is installed to build and to run, as docs/licences.md.
 *
 *   bun scripts/licences.ts           writes the page
 *   bun scripts/licences.ts --check   fails where it is out of date, or a package is not pinned by its hash
 */
interface Entry {
  version?: string;
  license?: string;
  integrity?: string;
  link?: boolean;
  dev?: boolean;
  devOptional?: boolean;
  peer?: boolean;
}

/** Licences that this project can be built from and shipped with. */
const FINE = ["MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "0BSD", "Unlicense"];
const HEAD = `# Licences

Made by \`scripts/licences.ts\` from \`package-lock.json\`; a test fails where it is out of date. Every package is pinned to a version and, by SHA-512, to its content.

| package | version | licence | in the binary |
| --- | --- | --- | --- |
`;
const PAGE = "docs/licences.md";

process.chdir(new URL("..", import.meta.url).pathname);
const lock = (await Bun.file("package-lock.json").json()) as { packages: Record<string, Entry> };
const packages = Object.entries(lock.packages)
  .filter(([path, { link }]) => path.includes("node_modules/") && link !== true)
  .map(([path, entry]) => ({
    name: path.replace(/^.*node_modules\//, ""),
    ...entry,
  }));
const problems = packages.flatMap(({ name, license = "none", integrity = "" }) => [
  ...(FINE.includes(license) ? [] : [`${name}: licence ${license}`]),
  ...(integrity.startsWith("sha512-") ? [] : [`${name}: not pinned by SHA-512`]),
]);
const page =
  HEAD +
  packages
    .map(({ name, version, license, dev, devOptional }) => {
      const isBuiltIn = dev !== true && devOptional !== true;
      return `| ${name} | ${version} | ${license} | ${isBuiltIn ? "yes" : "no"} |\n`;
    })
    .join("");
if (process.argv.includes("--check")) {
  if ((await Bun.file(PAGE).text()) !== page) problems.push(`${PAGE} is out of date`);
} else await Bun.write(PAGE, page);
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
