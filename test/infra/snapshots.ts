import { readFileSync } from "node:fs";

/** A resource as the compiler predicts it for a variant. */
export interface Resource {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly location?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly condition?: string;
  // The services' own shapes, as deep as a test wants to look.
  readonly properties: Properties;
  readonly [field: string]: unknown;
}

/** A tree of values. */
export interface Properties {
  readonly [name: string]: Value;
}

/** A value in the properties of a resource. */
export type Value = string | number | boolean | null | Properties | readonly Value[];

/** The variants of which there is a snapshot. */
export const VARIANTS = [
  "basic",
  "chosen",
  "existing",
  "federated",
  "full",
  "managed-identity",
  "tenants",
] as const;

/** One of {@link VARIANTS}. */
export type Variant = (typeof VARIANTS)[number];

/** The parameters that a file of `infra` gives, by name, as texts; a list is in JSON. */
export function givenIn(file: string): Readonly<Record<string, string>> {
  const text = readFileSync(new URL(`../../infra/${file}`, import.meta.url), "utf8");
  const given = [...text.matchAll(/^param (\w+) = (.+)$/gm)];
  return Object.fromEntries(
    given.map(([, name = "", value = ""]) => [
      name,
      value.startsWith("[") ? value.replaceAll("'", '"') : value.replaceAll("'", ""),
    ]),
  );
}

/** What the compiler predicts that a variant comes to: expressions evaluated, modules laid flat. */
export class Snapshot {
  readonly resources: readonly Resource[];
  readonly outputs: Readonly<Record<string, string>>;

  constructor(variant: Variant) {
    const file = new URL(`../../infra/variants/${variant}.snapshot.json`, import.meta.url);
    const { predictedResources, outputs } = JSON.parse(readFileSync(file, "utf8"));
    this.resources = predictedResources;
    this.outputs = outputs;
  }

  /** All resources of a type such as `Microsoft.Web/sites`. */
  all(type: string): readonly Resource[] {
    return this.resources.filter((resource) => resource.type === type);
  }

  /** The only resource of a type, or the only one whose name holds a text. */
  one(type: string, name = ""): Resource {
    const [found, ...more] = this.all(type).filter((resource) => resource.name.includes(name));
    if (!found || more.length > 0)
      throw new Error(`there are ${more.length + (found ? 1 : 0)} ${type} ${name}`);
    return found;
  }

  /** The app settings, by name. */
  appSettings(): Readonly<Record<string, string>> {
    const settings = at(this.one("Microsoft.Web/sites").properties, "siteConfig.appSettings") as readonly {
      readonly name: string;
      readonly value: string;
    }[];
    return Object.fromEntries(settings.map(({ name, value }) => [name, value]));
  }
}

/** The value at a path such as `siteConfig.ftpsState`; numbers are places in a list. */
export function at(value: Value | undefined, path: string): Value | undefined {
  return path
    .split(".")
    .reduce<Value | undefined>(
      (found, name) =>
        typeof found === "object" && found !== null ? (found as Properties)[name] : undefined,
      value,
    );
}
