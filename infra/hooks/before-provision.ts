import { provisionProblems } from "./provision-problems.ts";

// azd hands its environment to a hook. Nothing is made when this exits with anything but 0.
const problems = provisionProblems(process.env);
if (problems.length > 0) {
  console.error("Rollcall is not deployed like this; nothing was made or changed:\n");
  for (const problem of problems) console.error(`  • ${problem}`);
  console.error("\nCorrect a value with: azd env set NAME VALUE");
  process.exitCode = 1;
}
