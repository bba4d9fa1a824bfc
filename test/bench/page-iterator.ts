import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { Client, type PageCollection, PageIterator } from "@microsoft/microsoft-graph-client";
import { readSettings } from "../../src/settings/settings.ts";
import { graphToken } from "./graph-token.ts";
import { printMeasured } from "./measured.ts";

// The peer: Microsoft's own Graph SDK and its PageIterator, writing JSON lines to a file. It neither compresses, hashes
// nor uploads, and checks nothing. Same page size, same properties.
const settings = readSettings(process.env);
const { graphUrl } = settings.cloud;
const token = await graphToken(settings);

await printMeasured(async () => {
  let requests = 0;
  const client = Client.init({
    baseUrl: graphUrl,
    customHosts: new Set([new URL(graphUrl).hostname]),
    authProvider: (done) => {
      requests++;
      done(null, token);
    },
  });
  const folder = await mkdtemp(join(tmpdir(), "page-iterator-"));
  const out = createWriteStream(join(folder, "users.ndjson"));
  let users = 0;
  const first: PageCollection = await client
    .api("/users")
    .top(999)
    .select([...settings.properties])
    .get();
  const iterator = new PageIterator(client, first, (user) => {
    users++;
    out.write(`${JSON.stringify(user)}\n`);
    return true;
  });
  await iterator.iterate();
  out.end();
  await finished(out);
  await rm(folder, { recursive: true });
  return { users, requests };
});
