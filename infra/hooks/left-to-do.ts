import { CLOUDS } from "../rollcall.ts";

/** azd's environment, the template's outputs among it. */
type Environment = Readonly<Record<string, string | undefined>>;

/** What a deployment leaves to people: each step with who may do it, for the credential that was chosen. */
export function leftToDo(environment: Environment): string {
  const steps = [...stepsOf(environment), ...always(environment)];
  const lines = steps.map(({ who, what, commands }, index) =>
    [`${index + 1}. ${what}`, `   Who: ${who}`, ...commands.map((command) => `     ${command}`)].join("\n"),
  );
  return `Left to do, in this order; docs/deploy.md explains each step. The commands are for bash: on Windows, WSL or Azure Cloud Shell.\n\n${lines.join("\n\n")}\n`;
}

interface Step {
  readonly what: string;
  /** The role in Entra or Azure that it takes. */
  readonly who: string;
  readonly commands: readonly string[];
}

const GRANTS = "a Privileged Role Administrator or Global Administrator of the directory";
const REGISTERS = "somebody who may register applications (Application Developer is enough)";

function stepsOf(environment: Environment): readonly Step[] {
  const {
    ROLLCALL_CREDENTIAL: credential = "certificate",
    ROLLCALL_CLIENT_ID: clientId = "",
    ROLLCALL_CERTIFICATE_NAME: certificate = "",
    ROLLCALL_SECRET_NAME: secret = "",
    AZURE_KEY_VAULT_NAME: vault = "",
    IDENTITY_PRINCIPAL_ID: identity = "",
  } = environment;
  const cloud = environment.ROLLCALL_CLOUD || "global";
  const register = (...options: readonly string[]) =>
    [
      "bash infra/graph/register.sh",
      ...(environment.ROLLCALL_TENANT_ID ? [`--tenant ${environment.ROLLCALL_TENANT_ID}`] : []),
      `--credential ${credential}`,
      ...options,
      ...cloudOption(cloud),
    ].join(" ");

  if (credential === "managed-identity") {
    return [
      {
        what: "Let the Function's identity read users, before its first run: a refused token may be kept for a day.",
        who: GRANTS,
        commands: [register(`--identity ${identity}`)],
      },
    ];
  }
  const object = credential === "secret" ? secret : certificate;
  const options =
    credential === "federated" ? `--identity ${identity}` : `--vault ${vault} --object ${object}`;
  const made = {
    certificate: "its certificate in the vault",
    secret: "its secret in the vault",
    federated: "its trust in the Function's identity",
  }[credential as "certificate" | "secret" | "federated"];
  const role = credential === "secret" ? "Key Vault Secrets Officer" : "Key Vault Certificates Officer";
  const given = environment.INFRA_EXISTING_VAULT ? "" : ", as whoever deploys with azd is, but no pipeline";
  const officer = credential === "federated" ? "" : `, and is ${role} on the vault ${vault}${given}`;
  return [
    {
      what: `Make the app registration and ${made}. A 403 of the vault within ten minutes is a role that has not spread yet: run it again.`,
      who: `${REGISTERS}${officer}`,
      commands: [register(options)],
    },
    ...(clientId === ""
      ? [
          {
            what: "Tell the Function the client id that was printed.",
            who: "you",
            commands: ["azd env set ROLLCALL_CLIENT_ID <client id>", "azd provision"],
          },
        ]
      : []),
    {
      what: "Consent to User.Read.All, on this page.",
      who: GRANTS,
      commands: [consentUrl(environment, clientId || "<client id>")],
    },
  ];
}

function cloudOption(cloud: string): readonly string[] {
  return cloud === "global" ? [] : [`--cloud ${cloud}`];
}

function consentUrl(environment: Environment, clientId: string): string {
  const { authorityHost } =
    Object.entries(CLOUDS).find(([name]) => name === environment.ROLLCALL_CLOUD)?.[1] ?? CLOUDS.global;
  return `${authorityHost}/${environment.ROLLCALL_TENANT_ID || "<tenant id>"}/adminconsent?client_id=${clientId}`;
}

/** What doctor finds on a laptop with the roles that the deployment gives to people, and is as it should be. */
const REFUSED_ON_A_LAPTOP: Readonly<Record<string, string>> = {
  certificate: "vault and storage refuse you: only the Function reads the private key and writes snapshots",
  secret: "storage refuses you: only the Function writes snapshots",
  federated: "credential and storage fail: only the Function has that identity and writes snapshots",
  "managed-identity": "token and storage fail: only the Function has that identity and writes snapshots",
};

function always(environment: Environment): readonly Step[] {
  const { AZURE_FUNCTION_APP_NAME: app = "<Function app>", ROLLCALL_CREDENTIAL: credential = "certificate" } =
    environment;
  return [
    {
      what: `Check what a run needs, with your own sign-in (az login) in place of the Function's identity. With no more roles than this deployment gives you, ${REFUSED_ON_A_LAPTOP[credential]}. The next step tests the Function itself.`,
      who: "you",
      commands: ['set -a; eval "$(azd env get-values)"; set +a; npx rollcall doctor'],
    },
    {
      what: `Take the first night's snapshot by hand, so that the alert for a missing night falls silent: in the portal, ${app}, take-snapshot, Test/Run. "azd deploy" comes first if the function is not published yet.`,
      who: "a Contributor of the Function app",
      commands: [],
    },
  ];
}
