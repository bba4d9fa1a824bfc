import { DefaultAzureCredential } from "@azure/identity";
import { Agent, request } from "undici";
import { openSnapshot } from "../../src/archive/reader.ts";
import { userQuery } from "../../src/graph/user-query.ts";
import { slicesFrom } from "../../src/listing/slice.ts";
import { knownCuts } from "../../src/listing/slice-hints.ts";
import { readSettings } from "../../src/settings/settings.ts";
import { openContainer } from "../../src/storage/container.ts";
import { graphToken } from "./graph-token.ts";
import { printMeasured } from "./measured.ts";

// The floor: the same first pages of the same slices, at full concurrency from the first moment, bodies thrown away
// without a look. Needs a snapshot in the container that tells where to cut.
const settings = readSettings(process.env);
const container = openContainer(
  settings.storage,
  settings.container,
  new DefaultAzureCredential(),
  AbortSignal.timeout(60_000),
);
const cuts = knownCuts((await openSnapshot(container, settings.tenant)).manifest);
if (!cuts) throw new Error("no snapshot tells where to cut");
const query = userQuery(`${settings.cloud.graphUrl}/v1.0`, settings.properties, {
  kind: "app",
  consentUrl: "",
});
const headers = { authorization: `Bearer ${await graphToken(settings)}`, "accept-encoding": "gzip" };

await printMeasured(async () => {
  const urls = slicesFrom(cuts).map(({ filter, advanced }) => ({
    url: `${query.url}&$filter=${encodeURIComponent(filter)}${advanced ? "&$count=true" : ""}`,
    advanced,
  }));
  const requests = urls.length;
  const dispatcher = new Agent();
  const worker = async () => {
    for (let next = urls.shift(); next; next = urls.shift()) {
      const eventual = next.advanced ? { consistencylevel: "eventual" } : {};
      const { statusCode, body } = await request(next.url, {
        dispatcher,
        headers: { ...headers, ...eventual },
      });
      if (statusCode !== 200) throw new Error(`answered ${statusCode}`);
      await body.dump({ limit: Number.POSITIVE_INFINITY });
    }
  };
  await Promise.all(Array.from({ length: settings.concurrency }, worker));
  await dispatcher.destroy();
  return { users: 0, requests };
});
