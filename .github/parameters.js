// Prints the repository's variables that are parameters of infra/main.bicep, a line each, for GITHUB_ENV.
for (const [name, value] of Object.entries(JSON.parse(process.env.VARIABLES ?? "{}"))) {
  if (!/^(INFRA|ROLLCALL)_[A-Z_]+$/.test(name)) continue;
  // A second line would be a variable of its own.
  if (/[\r\n]/.test(value)) throw new Error(`The variable ${name} must be one line.`);
  console.log(`${name}=${value}`);
}
