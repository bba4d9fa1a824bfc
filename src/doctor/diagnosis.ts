import type { TokenCredential } from "@azure/identity";
import { Snapshots } from "../archive/snapshots.ts";
import { type Clock, MINUTE } from "../clock.ts";
import { type Grantee, granteeOf } from "../graph/grant.ts";
import { apiRoot, Graph } from "../graph/graph.ts";
import { type UserQuery, userQuery } from "../graph/user-query.ts";
import { openTokenSource } from "../identity/token.ts";
import type { Environment, Settings } from "../settings/settings.ts";
import { openContainer } from "../storage/container.ts";
import { attempt, type CheckResult } from "./check.ts";
import { checkClock } from "./clock-check.ts";
import { checkCredential, checkRoles, checkSigningKey, checkToken, checkVault } from "./credential-checks.ts";
import { checkCount, checkGraph, checkSlices } from "./graph-checks.ts";
import { checkIdentity, checkSchedule, checkSettings, checkTenant } from "./setup-checks.ts";
import { checkLatest, checkStorage } from "./storage-checks.ts";

/** After this nothing is retried: somebody is waiting for the diagnosis. */
const RETRY_FOR_MS = MINUTE / 2;

/** What a diagnosis takes. */
export interface DiagnosisOptions {
  /** Loads the settings; what it throws fails the first check. */
  readonly loadEnvironment: () => Environment;
  /** Makes the identity that opens Key Vault and Storage; asked for once the settings are read. */
  readonly openIdentity: () => TokenCredential;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Checks each thing that a run needs, in the order of a run. Publishes nothing, but creates the container when it is
 * missing.
 */
export async function* diagnose(options: DiagnosisOptions): AsyncGenerator<CheckResult, void, undefined> {
  const { clock, signal } = options;
  const direct = { clock, signal, deadlineMs: clock.elapsed() + RETRY_FOR_MS };
  await using opened = new Opened();

  const settings = yield* attempt("settings", {}, () => checkSettings(options.loadEnvironment));
  const context = { ...direct, proxy: settings?.proxy };
  const tenant = yield* attempt("tenant", { settings }, (has) => checkTenant(has.settings, context));
  const identity = yield* attempt("identity", { settings }, (has) =>
    checkIdentity(has.settings, options.openIdentity(), signal),
  );
  const vault = yield* attempt("vault", { settings, identity }, (has) =>
    checkVault(has.settings, has.identity, context),
  );
  const credential = yield* attempt("credential", { settings, identity, vault }, (has) =>
    checkCredential(has.settings, has.identity, context),
  );
  const token = yield* attempt("token", { settings, tenant, identity, credential }, (has) => {
    const source = openTokenSource(has.settings, {
      ...context,
      tenantId: has.tenant.id,
      identity: has.identity,
    });
    return checkToken(opened.use(source), has.credential, (token) =>
      granteeOf(has.settings, has.tenant.id, token),
    );
  });
  yield* attempt("roles", { settings, token }, (has) => checkRoles(has.token, has.settings));
  const signingKey = settings?.signingKey;
  if (signingKey) {
    yield* attempt("signing", { identity }, (has) => checkSigningKey(signingKey, has.identity, context));
  }
  const graph = yield* attempt("graph", { settings, token }, (has) => {
    const { graphUrl } = has.settings.cloud;
    const client = opened.use(new Graph({ ...context, graphUrl, tokens: has.token.tokens }));
    return checkGraph(client, queryOf(has.settings, has.token.grantee));
  });
  yield* attempt("count", { settings, token, graph }, (has) =>
    checkCount(has.graph, queryOf(has.settings, has.token.grantee), context),
  );
  yield* attempt("slices", { settings, token, graph }, (has) =>
    checkSlices(has.graph, queryOf(has.settings, has.token.grantee)),
  );
  const storageIdentity = settings?.storage.kind === "local" ? options.openIdentity() : identity;
  const storage = yield* attempt("storage", { settings, tenant, identity: storageIdentity }, (has) => {
    const { storage: place, container } = has.settings;
    return checkStorage(openContainer(place, container, has.identity, signal), has.tenant.id);
  });
  yield* attempt("latest", { storage, tenant }, (has) =>
    checkLatest(new Snapshots(has.storage, has.tenant.id, signal), clock.now()),
  );
  yield* attempt("clock", { settings }, (has) => checkClock(has.settings, context));
  yield* attempt("schedule", { settings }, (has) => checkSchedule(has.settings, clock.now()));
}

/** What checks have opened for later ones. Does what `AsyncDisposableStack` does, which Node 22 does not have. */
class Opened implements AsyncDisposable {
  readonly #opened: AsyncDisposable[] = [];

  use<T extends AsyncDisposable>(resource: T): T {
    this.#opened.push(resource);
    return resource;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const resource of this.#opened.reverse()) await resource[Symbol.asyncDispose]();
  }
}

function queryOf({ cloud, properties }: Settings, grantee: Grantee): UserQuery {
  return userQuery(apiRoot(cloud.graphUrl), properties, grantee);
}
