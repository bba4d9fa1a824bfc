import { readSettings } from "../../src/settings/settings.ts";
import { takeSnapshot } from "../../src/take-snapshot.ts";

// One snapshot, with a part for each page so that there is much to be interrupted at.
const { manifest } = await takeSnapshot(readSettings(process.env), { maxPartBytes: 1 });
console.log(manifest.runId);
