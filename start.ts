import { spawn, spawnSync } from "node:child_process";

if (spawnSync("func", ["--version"], { shell: true }).status !== 0) {
  console.error(`Azure Functions Core Tools ("func") are not on the PATH. Get them with one of

  npm install --global azure-functions-core-tools@4
  brew install azure/functions/azure-functions-core-tools@4
  winget install Microsoft.Azure.FunctionsCoreTools

and run "npm start" again. Without them: "npm run demo" takes a snapshot through the same function.`);
  process.exit(1);
}
const host = spawn("func", ["start"], { shell: true, stdio: "inherit" });
host.on("exit", (code) => process.exit(code ?? 1));
