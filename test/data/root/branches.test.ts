/** Every branch of every ROOT file beside the project: read as it must be, or refused by name. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { hasShared, shared } from "../helpers.ts";
import BRANCHES from "./branches.json";
import { type Listing, listingOf, sharedFiles } from "./listing.ts";

setDefaultTimeout(120_000);

const listings = BRANCHES as Record<string, Listing>;

describe.skipIf(!hasShared)("every branch (needs ../shared/data)", () => {
  test("of every file is listed", () => {
    expect(Object.keys(listings)).toEqual(sharedFiles());
  });

  test.each(Object.keys(listings))("%s", async (name) => {
    expect(await listingOf(shared(name))).toEqual(listings[name] as Listing);
  });
});
