import * as z from "zod";
import { CLOUDS, cloudNamed } from "./clouds.ts";
import { parseFormats } from "./format-name.ts";
import { LISTING_MODES } from "./listing-mode.ts";
import { refuse } from "./setting.ts";

/** Whether it is on. */
export const onOrOff = z.enum(["on", "off"], "must be on or off").transform((text) => text === "on");

/** One of the clouds, by its name. */
export const cloudName = z.enum(Object.keys(CLOUDS), "names no cloud").transform(cloudNamed);

/** A way of listing. */
export const listingMode = z.enum(LISTING_MODES, "names no way of listing");

/** Formats separated by commas. */
export const formatNames = z
  .string()
  .transform(
    (text, context) => parseFormats(text) ?? refuse(context, "must name formats, separated by commas"),
  );
