import { CLOUDS } from "../identity/clouds.ts";
import { isLoopback, type SettingProblem } from "../settings.ts";

/** Has a command believe all that `local.settings.json` says. */
export const TRUST_OPTION = "--trust-local-settings";

/** What the file may set beside our own settings: what `npm run sandbox` needs, and no name that a program obeys more by. */
const OTHER_NAMES: ReadonlySet<string> = new Set([
  "AZURE_CLIENT_ID",
  "IDENTITY_ENDPOINT",
  "IDENTITY_HEADER",
  "NODE_EXTRA_CA_CERTS",
]);

/** Names that decide where a credential goes or who is trusted with it: to pass over one silently would mislead. */
const STEERS_CREDENTIALS = /^(?:AZURE|IDENTITY|IMDS|MSI|NODE|SSL)_|_PROXY$/i;

const AUTHORITY_HOSTS: readonly string[] = Object.values(CLOUDS).map(({ authorityHost }) => authorityHost);
const GRAPH_URLS: readonly string[] = Object.values(CLOUDS).map(({ graphUrl }) => graphUrl);

/**
 * What of a `local.settings.json` is believed. It lies in whatever folder a command is run in, and its author may be a
 * stranger who wants the credential sent to him: the file may name Microsoft's hosts or this machine, nobody else's.
 *
 * @returns the values to take, and what is wrong with the file. Names that no command obeys are passed over; other
 *   tools keep theirs there, too.
 */
export function believable(values: Readonly<Record<string, string>>): {
  readonly taken: Readonly<Record<string, string>>;
  readonly problems: readonly SettingProblem[];
} {
  const isTaken = (name: string) => name.startsWith("ROLLCALL_") || OTHER_NAMES.has(name);
  const taken = Object.fromEntries(Object.entries(values).filter(([name]) => isTaken(name)));
  const refused = Object.keys(values).filter((name) => !isTaken(name) && STEERS_CREDENTIALS.test(name));
  return {
    taken,
    problems: [
      ...hostProblem(values, "ROLLCALL_AUTHORITY_HOST", AUTHORITY_HOSTS),
      ...hostProblem(values, "ROLLCALL_GRAPH_URL", GRAPH_URLS),
      ...hostProblem(values, "IDENTITY_ENDPOINT", []),
      ...authorityProblem(values),
      ...refused.map((name) =>
        untrusted(
          name,
          "could have a credential sent elsewhere, and is not taken from this file",
          `export ${name}=…`,
        ),
      ),
    ],
  };
}

/** A host that is neither one of Microsoft's nor on this machine. */
function hostProblem(
  values: Readonly<Record<string, string>>,
  name: string,
  known: readonly string[],
): readonly SettingProblem[] {
  const url = values[name]?.trim();
  // What is no URL at all is the settings' own affair.
  if (!url || !URL.canParse(url) || known.includes(new URL(url).origin) || isLoopback(url)) return [];
  const whose = known.length > 0 ? "neither a known cloud's nor on this machine" : "not on this machine";
  return [
    untrusted(name, `is ${whose}, and would be sent a credential`, known[0] ?? "http://127.0.0.1/msi/token"),
  ];
}

/** Whoever adds a certificate authority can pass for any host: that is for a sandbox on this machine only. */
function authorityProblem(values: Readonly<Record<string, string>>): readonly SettingProblem[] {
  const name = "NODE_EXTRA_CA_CERTS";
  if (!values[name]) return [];
  const { ROLLCALL_AUTHORITY_HOST, ROLLCALL_GRAPH_URL, ROLLCALL_KEY_VAULT_URL, ROLLCALL_STORAGE } = values;
  const named = [ROLLCALL_AUTHORITY_HOST, ROLLCALL_GRAPH_URL, ROLLCALL_KEY_VAULT_URL, ROLLCALL_STORAGE];
  const urls = named.map((url) => url?.trim() ?? "").filter((url) => URL.canParse(url));
  // Without its own authority host it is Microsoft's that would be asked.
  if (ROLLCALL_AUTHORITY_HOST?.trim() && urls.every(isLoopback)) return [];
  return [
    untrusted(
      name,
      "would let others pass for Microsoft's hosts, and is taken from this file only where it names hosts on this machine",
      `export ${name}=authority.pem`,
    ),
  ];
}

function untrusted(name: string, problem: string, example: string): SettingProblem {
  return {
    name: `${name} in local.settings.json`,
    problem: `${problem}; set it in the environment, or pass ${TRUST_OPTION} if the file is your own`,
    example,
  };
}
