import packageJson from "../package.json" with { type: "json" };

/** Rollcall's own version, as in package.json; written into each manifest and sent as the user agent. */
export const VERSION: string = packageJson.version;

/** The oldest Node on which the package runs: `22.19.0`. */
export const NEEDED_NODE: string = packageJson.engines.node.replace(">=", "");
