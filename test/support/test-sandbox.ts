import { type Sandbox, type SandboxOptions, startSandbox } from "../../src/sandbox/sandbox.ts";
import { trustSandbox } from "../../src/sandbox/service/tls.ts";
import { sharedTls, startSharedStorage } from "./shared-storage.ts";

let sandboxes = 0;

/**
 * A sandbox with a container of its own in the shared storage. Commands can be run in this process, too: it trusts the
 * sandbox's certificates and finds its identity.
 */
export async function startTestSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  await using started = new AsyncDisposableStack();
  const tls = await sharedTls();
  trustSandbox(tls);
  const storage = started.use(await startSharedStorage());
  const container = `sandbox-${process.pid}-${++sandboxes}`;
  const sandbox = started.use(await startSandbox({ tls, storage, container, ...options }));
  const { endpoint, header, clientId } = sandbox.tenant.identity;
  // The identity library looks for these in the process's own environment.
  Object.assign(process.env, {
    IDENTITY_ENDPOINT: endpoint,
    IDENTITY_HEADER: header,
    AZURE_CLIENT_ID: clientId,
  });
  const services = started.move();
  return { ...sandbox, [Symbol.asyncDispose]: () => services.disposeAsync() };
}
