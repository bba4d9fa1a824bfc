import type { SchemaElement } from "hyparquet-writer";
import { columnTypeOf } from "./column-type.ts";

/**
 * The column after the properties. It holds the values that do not fit their columns, as a JSON object by property, and
 * those columns are null; else it is null. No property of Graph's begins like this name.
 */
export const UNFIT_COLUMN = "_unfit";

/** The schema that readers see: a nullable column for each property, and {@link UNFIT_COLUMN}. */
export function parquetSchema(properties: readonly string[]): SchemaElement[] {
  return [
    { name: "user", num_children: properties.length + 1 },
    ...properties.flatMap(elementsOf),
    jsonElement(UNFIT_COLUMN),
  ];
}

/**
 * The same for the encoder. It is given JSON as text; if it knew, it would encode the text as JSON once more. The bytes
 * of a text are the same, and the encoder makes no array of bytes for each value.
 */
export function encoderSchema(schema: readonly SchemaElement[]): SchemaElement[] {
  return schema.map((element) => (element.converted_type === "JSON" ? textElement(element.name) : element));
}

/** Old readers know the converted type only, new ones prefer the logical one. */
function elementsOf(name: string): SchemaElement[] {
  switch (columnTypeOf(name)) {
    case "boolean":
      return [{ name, type: "BOOLEAN", repetition_type: "OPTIONAL" }];
    case "timestamp":
      return [
        {
          name,
          type: "INT64",
          repetition_type: "OPTIONAL",
          converted_type: "TIMESTAMP_MICROS",
          logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MICROS" },
        },
      ];
    case "texts":
      return [
        {
          name,
          repetition_type: "OPTIONAL",
          num_children: 1,
          converted_type: "LIST",
          logical_type: { type: "LIST" },
        },
        { name: "list", repetition_type: "REPEATED", num_children: 1 },
        textElement("element"),
      ];
    case "json":
      return [jsonElement(name)];
    case "text":
      return [textElement(name)];
  }
}

function textElement(name: string): SchemaElement {
  return {
    name,
    type: "BYTE_ARRAY",
    repetition_type: "OPTIONAL",
    converted_type: "UTF8",
    logical_type: { type: "STRING" },
  };
}

function jsonElement(name: string): SchemaElement {
  return {
    name,
    type: "BYTE_ARRAY",
    repetition_type: "OPTIONAL",
    converted_type: "JSON",
    logical_type: { type: "JSON" },
  };
}
