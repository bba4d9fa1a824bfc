#!/usr/bin/env node
import { readFileSync, writeFileSync } from "node:fs";

/**
 * Stands in for the Azure CLI where register.sh runs it: keeps a directory and a vault in the file that AZ_STATE names, answers
 * each call as `az` would with its `--query` and `--output tsv`, and writes down what it was asked. A call that holds the text in
 * AZ_REFUSES is refused, the first AZ_REFUSES_TIMES times.
 */
interface State {
  /** One call a line. */
  calls: string[];
  /** What is there: applications, service principals, grants and so on, each by its address. */
  made: Record<string, string>;
}

const file = process.env.AZ_STATE ?? "";
const state: State = JSON.parse(readFileSync(file, "utf8"));
const args = process.argv.slice(2);

function option(name: string): string {
  return args[args.indexOf(name) + 1] ?? "";
}

function answer(): string {
  const [group, command] = args;
  if (group === "account") return "87d349ed-44d7-43e1-9a83-5f2406dee5bd";
  if (group === "rest")
    return rest(option("--method"), new URL(option("--url")).pathname.slice("/v1.0/".length));
  if (group === "ad") return addCredential();
  if (group === "keyvault" && command === "certificate") return certificate(args[2] ?? "");
  if (group === "keyvault" && command === "secret") return secret(args[2] ?? "");
  throw new Error(`there is no az ${args.join(" ")}`);
}

function rest(method: string, address: string): string {
  const at = decodeURIComponent(address);
  if (method === "patch" || method === "post") {
    const body = JSON.parse(option("--body"));
    const place = method === "patch" ? at : `servicePrincipals/${body.principalId}/appRoleAssignments`;
    state.made[place] = option("--body");
    return "";
  }
  if (at.endsWith("/appRoleAssignments")) return state.made[at] ? "grant" : "";
  if (/^servicePrincipals\(/.test(at)) return at.includes("00000003-") ? "graph-principal" : "app-principal";
  if (option("--query") === "appId") return state.made[at] ? "6731de76-14a6-49ae-97bc-6eba6914391e" : "";
  // keyCredentials[?displayName=='graph-cert v1'].keyId
  const [, name = ""] = /displayName=='([^']+)'/.exec(option("--query")) ?? [];
  return state.made[`credential ${name}`] ? "key" : "";
}

function addCredential(): string {
  if (args.includes("--cert")) state.made[`credential ${option("--display-name")}`] = "certificate";
  return option("--query") === "password" ? "a-client-secret" : "";
}

function certificate(command: string): string {
  if (command === "get-default-policy") return "{}";
  if (command === "list") return placesOf("certificate").join("\n");
  const place = `certificate ${option("--name")}`;
  if (command === "create") state.made[place] = "v1";
  if (!state.made[place]) throw new Error("CertificateNotFound");
  return `https://kv-roll.vault.azure.net/certificates/${option("--name")}/${state.made[place]}`;
}

function secret(command: string): string {
  if (command === "list") return placesOf("secret").join("\n");
  state.made[`secret ${option("--name")}`] = readFileSync(option("--file"), "utf8");
  return "";
}

function placesOf(kind: string): readonly string[] {
  return Object.keys(state.made).filter((place) => place.startsWith(`${kind} `));
}

state.calls.push(args.join(" "));
try {
  const { AZ_REFUSES: refused, AZ_REFUSES_TIMES: times = "Infinity" } = process.env;
  const asked = refused ? state.calls.filter((call) => call.includes(refused)).length : 0;
  if (refused && args.join(" ").includes(refused) && asked <= Number(times))
    throw new Error("(Forbidden) Caller is not authorized");
  const said = answer();
  if (said !== "" && option("--output") !== "none") console.log(said);
} catch (error) {
  console.error(String(error));
  process.exitCode = 3;
} finally {
  writeFileSync(file, JSON.stringify(state));
}
