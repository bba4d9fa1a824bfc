import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { FIXED_PORTS } from "../../src/sandbox/fixed.ts";

async function serve(...flags: readonly string[]): Promise<{ code: number; errors: string }> {
  const file = join(import.meta.dirname, "../../src/sandbox/serve.ts");
  const child = spawn(process.execPath, [file, ...flags], { stdio: ["ignore", "ignore", "pipe"] });
  const [errors, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
  return { code, errors };
}

describe("npm run sandbox", () => {
  it("refuses wrong usage with status 2", async () => {
    const { code, errors } = await serve("--users", "many");
    assert.equal(code, 2);
    assert.match(errors, /--users/);
  });

  it("names the port that is taken", async () => {
    const squatter = createServer();
    const taken = once(squatter.listen(FIXED_PORTS.entra, "127.0.0.1"), "listening").catch(() => undefined);
    await taken;
    try {
      const { code, errors } = await serve("--users", "10");
      assert.equal(code, 1);
      assert.match(errors, new RegExp(`^Port ${FIXED_PORTS.entra} is taken`));
    } finally {
      squatter.close();
    }
  });
});
