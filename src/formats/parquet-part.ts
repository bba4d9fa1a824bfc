import { createHash } from "node:crypto";
import { zstdCompressSync } from "node:zlib";
import { ByteWriter, ParquetWriter, type SchemaElement } from "hyparquet-writer";
import { textLines } from "../rows/user-line.ts";
import type { FinishedPart, Part } from "../snapshot/part.ts";
import { VERSION } from "../version.ts";
import { encoderSchema, parquetSchema } from "./parquet-schema.ts";
import { RowGroup } from "./row-group.ts";

/**
 * Users that are encoded together. Twice as many make a file 4 % smaller, and take 50 MB more memory at the peak of
 * encoding; half as many save less than 20 MB.
 */
const ROW_GROUP_ROWS = 5_000;

/** The same bound for users with very long values, in characters of JSON. */
const ROW_GROUP_LENGTH = 32 * 2 ** 20;

/**
 * A part of Parquet: typed columns, compressed with Zstandard, in row groups of bounded size.
 *
 * Memory: one row group as values, and the part encoded.
 */
export class ParquetPart implements Part {
  readonly #schema: SchemaElement[];
  readonly #group: RowGroup;
  readonly #blob = new BlobWriter();
  readonly #parquet: ParquetWriter;
  #encodedUsers = 0;

  /** @param properties in the order of the columns */
  constructor(properties: readonly string[]) {
    this.#schema = parquetSchema(properties);
    this.#group = new RowGroup(properties);
    this.#parquet = new ParquetWriter({
      writer: this.#blob,
      schema: encoderSchema(this.#schema),
      codec: "ZSTD",
      compressors: { ZSTD: (bytes) => zstdCompressSync(bytes) },
      createdBy: `rollcall version ${VERSION}`,
    });
  }

  /** Bytes of the row groups so far, without the one that is being filled. */
  get bytes(): number {
    return this.#blob.offset;
  }

  get users(): number {
    return this.#encodedUsers + this.#group.rows;
  }

  async write(lines: Buffer): Promise<void> {
    for (const line of textLines(lines)) {
      this.#group.add(line);
      if (this.#group.rows === ROW_GROUP_ROWS || this.#group.length >= ROW_GROUP_LENGTH) this.#encodeGroup();
    }
  }

  async finish(name: string): Promise<FinishedPart> {
    if (this.#group.rows > 0) this.#encodeGroup();
    // The footer is for readers; see encoderSchema.
    this.#parquet.schema = this.#schema;
    this.#parquet.finish();
    const { body, sha256 } = this.#blob.end();
    return { entry: { name, users: this.#encodedUsers, bytes: body.length, sha256 }, body };
  }

  #encodeGroup(): void {
    const { rows } = this.#group;
    this.#parquet.write({ columnData: this.#group.take(), rowGroupSize: rows });
    this.#encodedUsers += rows;
  }
}

/** Takes each row group out of the encoder's buffer, which would otherwise keep doubling. */
class BlobWriter extends ByteWriter {
  readonly #chunks: Buffer[] = [];
  readonly #hash = createHash("sha256");

  /** Called by the encoder after each row group. */
  flush(): void {
    const chunk = Buffer.from(this.getBytes());
    this.#chunks.push(chunk);
    this.#hash.update(chunk);
    this.index = 0;
  }

  end(): { readonly body: Buffer; readonly sha256: string } {
    this.flush();
    return { body: Buffer.concat(this.#chunks), sha256: this.#hash.digest("hex") };
  }
}
