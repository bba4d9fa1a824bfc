import { readSettings } from "../../src/settings/settings.ts";
import { takeSnapshot } from "../../src/take-snapshot.ts";
import { printMeasured } from "./measured.ts";

// One whole run, from settings to `latest`, in a process of its own.
await printMeasured(async () => {
  const {
    manifest: { completeness, source, parts },
  } = await takeSnapshot(readSettings(process.env));
  if (source.listing.fellBack !== null) throw new Error(`fell back: ${source.listing.fellBack}`);
  return {
    users: completeness.unique,
    requests: source.requests,
    throttled: source.throttled,
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
  };
});
