import { pageSize } from "../rows/properties.ts";

/** What is listed, and on whose behalf; the same for the count and for each page. */
export interface UserQuery {
  /** User properties in the order of the rows. */
  readonly properties: readonly string[];
  /** Where an administrator grants what is missing. */
  readonly consentUrl: string;
  /** URL of the first page of all users, to which a filter can be added. */
  readonly url: string;
}

/**
 * Makes the query. The time of creation is always asked for: it tells where to cut a large directory.
 *
 * @param root of the API, without a trailing slash
 */
export function userQuery(root: string, properties: readonly string[], consentUrl: string): UserQuery {
  const selected = [...new Set([...properties, "createdDateTime"])].join(",");
  return { properties, consentUrl, url: `${root}/users?$top=${pageSize(properties)}&$select=${selected}` };
}
