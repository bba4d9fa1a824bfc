import { randomUUID } from "node:crypto";
import type { Snapshots } from "../archive/snapshots.ts";
import { DAY } from "../clock.ts";
import { RollcallError } from "../error.ts";
import { tenantFolder } from "../snapshot/layout.ts";
import type { Container } from "../storage/container.ts";
import type { Passed, PassedWith } from "./check.ts";

const OLD_AFTER_MS = 2 * DAY;

/** Whether the container is private and can be written, read and deleted from. Creates it when it is missing. */
export async function checkStorage(container: Container, tenantId: string): Promise<PassedWith<Container>> {
  await container.prepare();
  const path = `${tenantFolder(tenantId)}/doctor-probe-${randomUUID()}`;
  const body = Buffer.from("rollcall doctor wrote this to see whether it can, and deletes it at once\n");
  try {
    await container.putOnce({ path, body, contentType: "text/plain" });
    const read = await container.read(path, body.length);
    if (!read?.equals(body)) throw notAsWritten(path);
  } finally {
    await container.remove(path);
  }
  return { value: container, detail: `${container.url} is private, can be written, read and deleted from` };
}

/** Whether the latest snapshot can be opened and is recent. */
export async function checkLatest(snapshots: Snapshots, nowMs: number): Promise<Passed> {
  if (!(await snapshots.pointer())) return { detail: "there is none yet" };
  const { manifest } = await snapshots.latest();
  const ageMs = nowMs - Date.parse(manifest.finishedAt);
  const hours = Math.max(0, Math.floor((ageMs / DAY) * 24));
  return {
    detail: `${manifest.runId}, ${hours} h old, ${manifest.completeness.unique.toLocaleString("en-US")} users`,
    ...(ageMs > OLD_AFTER_MS && { advice: "Look in the Function app's log for why the last runs failed." }),
  };
}

function notAsWritten(path: string): RollcallError {
  return new RollcallError("storage-refused", {
    doing: `reading ${path}`,
    problem: "it is not what was written there a moment ago",
    remedy: "Find out what else writes to this container.",
  });
}
