import { readFileSync } from "node:fs";

/** A parameter of the template, as compiled. */
export interface Parameter {
  readonly type: string;
  readonly defaultValue?: unknown;
  readonly allowedValues?: readonly unknown[];
  readonly minValue?: number;
  readonly maxValue?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly metadata?: { readonly description?: string };
}

/** What is read of the compiled template. */
export interface Template {
  readonly parameters: Readonly<Record<string, Parameter>>;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** The template that infra/main.bicep compiles to. */
export function readTemplate(): Template {
  return readJson("compiled/main.json") as Template;
}

/** The variable of azd's environment that each parameter comes from, by the parameter's name. */
export function readVariables(): Readonly<Record<string, string>> {
  const file = readJson("main.parameters.json") as {
    readonly parameters: Readonly<Record<string, { readonly value: string }>>;
  };
  const named = Object.entries(file.parameters).map(([name, { value }]) => [name, value.slice(2, -1)]);
  return Object.fromEntries(named);
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(new URL(file, import.meta.url), "utf8"));
}
