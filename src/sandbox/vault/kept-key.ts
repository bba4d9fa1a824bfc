import { generateKeyPairSync } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * A signing key that outlives the sandbox, so that what an earlier one signed still verifies. EC P-256, made when the file is
 * missing.
 *
 * @returns PEM
 */
export async function keptSigningKey(file: string): Promise<string> {
  if (!existsSync(file)) {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, privateKey.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });
  }
  return await readFile(file, "utf8");
}
