import { pageSize } from "../rows/properties.ts";
import { RowBuffers } from "../rows/row-buffers.ts";

/** Which users and properties are listed; the same for the count and for each page. */
export interface UserQuery {
  /** User properties in the order of the lines. */
  readonly properties: readonly string[];
  /** Where an administrator can consent to missing permissions. */
  readonly consentUrl: string;
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
export function userQuery(root: string, properties: readonly string[], consentUrl: string): UserQuery {
  const selected = [...new Set([...properties, "createdDateTime"])].join(",");
  return {
    properties,
    consentUrl,
    buffers: new RowBuffers(),
    url: `${root}/users?$top=${pageSize(properties)}&$select=${selected}`,
  };
}
