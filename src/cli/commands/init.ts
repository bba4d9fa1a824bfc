import { type Command, InvalidArgumentError, Option } from "commander";
import { CREDENTIAL_KINDS } from "../../settings/credential-kind.ts";
import type { InitOptions } from "../actions/init.ts";
import type { Terminal } from "../terminal.ts";

const HELP = `
Example: rollcall init
         rollcall init --tenant contoso.onmicrosoft.com --credential federated \\
           --client-id 6731de76-14a6-49ae-97bc-6eba6914391e \\
           --storage https://contosodata.blob.core.windows.net

Asks for what no option says, checks each answer as it comes, and offers what
\`az account show\` knows. Where nobody can be asked, such as in a pipeline, the
options must say it all. Never asks for a secret: those stay in Key Vault, and
what is asked for is the name under which it keeps them.

Writes local.settings.json in this folder, which only you may read, and then
runs rollcall doctor.

Exit codes: those of rollcall doctor; 2 wrong usage or settings, and then
nothing was written.`;

/** `rollcall init`. */
export function addInitCommand(program: Command, terminal: Terminal): void {
  program
    .command("init")
    .description("write local.settings.json, and check that it works")
    .option("--tenant <tenant>", "directory id or verified domain")
    .addOption(new Option("--credential <kind>", "how to sign in").choices(CREDENTIAL_KINDS))
    .option("--client-id <id>", "application (client) id of the app registration")
    .option("--vault <url>", "Key Vault that holds the certificate or secret")
    .option("--certificate-name <name>", "name of the certificate in the vault")
    .option("--secret-name <name>", "name of the client secret in the vault; never the secret itself")
    .option("--storage <url>", "blob service of the storage account")
    .option("--container <name>", "container of the snapshots")
    .option("--set <name=value>", "any other setting, such as ROLLCALL_FORMATS=ndjson,csv", readSetting)
    .option("--force", "replace a local.settings.json that is there")
    .addHelpText("after", HELP)
    .action(async (options: InitOptions) => {
      const { init } = await import("../actions/init.ts");
      await init(terminal, options);
    });
}

function readSetting(text: string, earlier: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [, name, value] = /^(ROLLCALL_[A-Z_]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new InvalidArgumentError("It must be ROLLCALL_NAME=VALUE.");
  }
  return { ...earlier, [name]: value };
}
