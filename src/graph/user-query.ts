import { pageSize } from "../rows/properties.ts";
import { RowBuffers } from "../rows/row-buffers.ts";
import type { Grantee } from "./grant.ts";

/** Which users and properties are listed; the same for the count and for each page. */
export interface UserQuery {
  /** User properties in the order of the lines. */
  readonly properties: readonly string[];
  /** Whom missing permissions are granted to. */
  readonly grantee: Grantee;
  /** Memory for the rows of its pages. */
  readonly buffers: RowBuffers;
  /** URL of the first page of all users, to which a filter can be added. */
  readonly url: string;
}

/**
 * Makes the query. It always selects the creation time, which says where to cut a large directory.
 *
 * @param root of the API, without a trailing slash
 */
export function userQuery(root: string, properties: readonly string[], grantee: Grantee): UserQuery {
  const selected = [...new Set([...properties, "createdDateTime"])].join(",");
  return {
    properties,
    grantee,
    buffers: new RowBuffers(),
    url: `${root}/users?$top=${pageSize(properties)}&$select=${selected}`,
  };
}
