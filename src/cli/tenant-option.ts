import { InvalidArgumentError, Option } from "commander";
import { isTenantName } from "../settings/tenant-name.ts";

/** Which tenant a command is about, in place of the one in the settings. */
export function tenantOption(): Option {
  return new Option("--tenant <tenant>", "another tenant than the settings', by id or domain").argParser(
    parse,
  );
}

function parse(text: string): string {
  if (!isTenantName(text)) throw new InvalidArgumentError("It must be a directory id or a verified domain.");
  return text.toLowerCase();
}
