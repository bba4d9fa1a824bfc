import assert from "node:assert/strict";
import { mkdir, mkdtempDisposable, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { OutputFile } from "../../src/cli/output-file.ts";
import { RollcallError } from "../../src/error.ts";

function folder() {
  return mkdtempDisposable(path.join(tmpdir(), "rollcall-output-"));
}

async function failure(work: Promise<unknown>): Promise<RollcallError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof RollcallError);
  return error;
}

describe("OutputFile", () => {
  it("appears when it is complete, for its owner only", async () => {
    await using place = await folder();
    const target = path.join(place.path, "report.html");
    await using file = await OutputFile.open(target);
    assert.ok(!(await readdir(place.path)).includes("report.html"));
    await file.write("pa");
    await file.write("ge");
    await file.publish();
    assert.deepEqual(await readdir(place.path), ["report.html"]);
    assert.equal(await readFile(target, "utf8"), "page");
    assert.equal((await stat(target)).mode & 0o077, 0);
  });

  it("leaves nothing behind, and what was there untouched, when it is given up", async () => {
    await using place = await folder();
    const target = path.join(place.path, "report.html");
    await writeFile(target, "former");
    {
      await using _ = await OutputFile.open(target);
      assert.equal((await readdir(place.path)).length, 2);
    }
    assert.deepEqual(await readdir(place.path), ["report.html"]);
    assert.equal(await readFile(target, "utf8"), "former");
  });

  it("replaces what a link points at, not the link", async () => {
    await using place = await folder();
    await writeFile(path.join(place.path, "real.html"), "former");
    await symlink("real.html", path.join(place.path, "link.html"));
    await using file = await OutputFile.open(path.join(place.path, "link.html"));
    await file.write("page");
    await file.publish();
    assert.equal(await readFile(path.join(place.path, "real.html"), "utf8"), "page");
    assert.deepEqual((await readdir(place.path)).toSorted(), ["link.html", "real.html"]);
  });

  it("refuses a folder, a device, and a place that is not there", async () => {
    await using place = await folder();
    await mkdir(path.join(place.path, "report.html"));
    const target = path.join(place.path, "report.html");
    assert.match((await failure(OutputFile.open(target))).problem, /it is a folder/);
    assert.match((await failure(OutputFile.open("/dev/null"))).problem, /not an ordinary file/);
    assert.match((await failure(OutputFile.open(path.join(place.path, "no", "r.html")))).problem, /ENOENT/);
    assert.deepEqual(await readdir(place.path), ["report.html"]);
  });
});
