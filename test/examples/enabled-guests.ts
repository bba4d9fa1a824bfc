import { openSnapshots } from "@rollcall/rollcall";

const storage = process.argv[2] ?? "https://contosodata.blob.core.windows.net";
const snapshots = await openSnapshots({ storage });
const snapshot = await snapshots.latest();
let guests = 0;
for await (const { userType, accountEnabled } of snapshot.users()) {
  if (userType === "Guest" && accountEnabled === true) guests++;
}
console.log(`${snapshot.manifest.runId}: ${guests} guests can sign in`);
