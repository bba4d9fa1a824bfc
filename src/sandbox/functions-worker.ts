import { randomUUID } from "node:crypto";
import { glob, readFile } from "node:fs/promises";
import { Module } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** A trigger, as the host indexes it. */
export interface IndexedBinding {
  /** Such as `timerTrigger`. */
  readonly type: string;
  /** `in` for a trigger. */
  readonly direction: string;
  readonly [option: string]: unknown;
}

/** A function that registered itself when its file was loaded. */
export interface RegisteredFunction {
  readonly name: string;
  /** By binding name, which the library generates. */
  readonly bindings: Readonly<Record<string, IndexedBinding>>;
  /** As the host receives them; durations are `{ seconds }`. */
  readonly retryOptions: unknown;
  /** Runs the function once, as the host does when its timer fires. */
  invokeTimer(timer: TimerPayload): Promise<Invocation>;
  /** Runs the function once, as the host does for a message of its queue. */
  invokeQueue(message: QueuePayload): Promise<Invocation>;
  /** Runs the shutdown hooks, as the host does five seconds before it ends the worker. */
  terminate(): Promise<void>;
}

/** What the host sends for a timer; names are in PascalCase on the wire. */
export interface TimerPayload {
  readonly IsPastDue: boolean;
  /** Null when the timer is not monitored. */
  readonly ScheduleStatus: {
    readonly Last: string;
    readonly Next: string;
    readonly LastUpdated: string;
  } | null;
  readonly Schedule: { readonly AdjustForDST: boolean };
}

/** What the host sends for a message of a queue. */
export interface QueuePayload {
  readonly text: string;
  /** How often it was delivered, from 1. */
  readonly dequeueCount: number;
}

/** A line that an invocation logged. */
export interface LogLine {
  /** `information`, `warning`, `error`, … */
  readonly level: string;
  readonly message: string;
}

/** The outcome of an invocation. */
export interface Invocation {
  /** In order. */
  readonly logs: readonly LogLine[];
  /** What the handler threw; absent if it succeeded. */
  readonly error?: unknown;
}

/** The part of the worker's core API that the library uses. It is built into the worker and not published as a package. */
interface ProgrammingModel {
  getInvocationModel(context: unknown): {
    getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
    invokeFunction(context: unknown, inputs: unknown[], handler: unknown): Promise<unknown>;
    getResponse(context: unknown, result: unknown): Promise<unknown>;
  };
}

interface Metadata {
  readonly name: string;
  readonly bindings: Readonly<Record<string, IndexedBinding>>;
  readonly retryOptions?: unknown;
}

/**
 * Loads a built Functions app as the Node worker does (azure-functions-nodejs-worker, startApp): every file that `main`
 * in package.json matches, with this sandbox's `@azure/functions-core`. Call it only once in a process, because files are
 * loaded only once.
 *
 * @param root folder of package.json
 * @throws {Error} if `main` matches no file, as the worker does
 */
export async function loadFunctionApp(root: string): Promise<readonly RegisteredFunction[]> {
  const { main } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { main: string };
  const entries: string[] = [];
  for await (const entry of glob(main, { cwd: root })) entries.push(entry);
  if (entries.length === 0) throw new Error(`no file matches "main" in package.json: ${main}`);

  const registered: { readonly metadata: Metadata; readonly handler: unknown }[] = [];
  const terminateHooks: ((context: object) => unknown)[] = [];
  let model: ProgrammingModel | undefined;
  const core = {
    version: "3.12.0",
    hostVersion: "4.1040.0",
    Disposable: class {},
    setProgrammingModel: (given: ProgrammingModel) => {
      model = given;
    },
    getProgrammingModel: () => model,
    log: () => undefined,
    registerHook: (kind: string, hook: (context: object) => unknown) => {
      if (kind === "appTerminate") terminateHooks.push(hook);
      return { dispose: () => undefined };
    },
    registerFunction: (metadata: Metadata, handler: unknown) => {
      registered.push({ metadata, handler });
      return { dispose: () => undefined };
    },
  };
  const { require: load } = Module.prototype;
  Module.prototype.require = Object.assign(function (this: NodeJS.Module, id: string): unknown {
    return id === "@azure/functions-core" ? core : load.call(this, id);
  }, load);
  for (const entry of entries.sort()) await import(pathToFileURL(join(root, entry)).href);

  async function invoke(
    metadata: Metadata,
    handler: unknown,
    data: unknown,
    triggerMetadata: Readonly<Record<string, unknown>> = {},
  ): Promise<Invocation> {
    const logs: LogLine[] = [];
    const [bindingName] = Object.keys(metadata.bindings);
    const invocation = model?.getInvocationModel({
      invocationId: randomUUID(),
      metadata,
      request: { inputData: [{ name: bindingName, data }], triggerMetadata },
      log: (level: string, _category: string, message: string) => logs.push({ level, message }),
    });
    if (!invocation) throw new Error("the app registered no programming model");
    const { context, inputs } = await invocation.getArguments();
    try {
      await invocation.getResponse(context, await invocation.invokeFunction(context, inputs, handler));
      return { logs };
    } catch (error) {
      return { logs, error };
    }
  }

  return registered.map(({ metadata, handler }) => ({
    name: metadata.name,
    bindings: metadata.bindings,
    retryOptions: metadata.retryOptions,
    invokeTimer: (timer) => invoke(metadata, handler, { json: JSON.stringify(timer) }),
    invokeQueue: ({ text, dequeueCount }) =>
      // The host hands over JSON as such, and anything else as text.
      invoke(metadata, handler, isJson(text) ? { json: text } : { string: text }, {
        DequeueCount: { json: String(dequeueCount) },
      }),
    terminate: async () => {
      for (const hook of terminateHooks) await hook({ hookData: {} });
    },
  }));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    // It is handed over as text.
    return false;
  }
}
