/** The type of a property's column in a typed format. */
export type ColumnType =
  /** A string; for any other value, its JSON. */
  | "text"
  | "boolean"
  /** An instant, to the microsecond. */
  | "timestamp"
  /** A list of strings. */
  | "texts"
  /** JSON of an object or a collection of objects. */
  | "json";

const TYPES: ReadonlyMap<string, ColumnType> = new Map([
  ...typed("boolean", ["accountEnabled", "isResourceAccount", "onPremisesSyncEnabled", "showInAddressList"]),
  ...typed("timestamp", [
    "createdDateTime",
    "deletedDateTime",
    "employeeHireDate",
    "employeeLeaveDateTime",
    "externalUserStateChangeDateTime",
    "lastPasswordChangeDateTime",
    "onPremisesLastSyncDateTime",
    "signInSessionsValidFromDateTime",
  ]),
  ...typed("texts", ["businessPhones", "imAddresses", "otherMails", "proxyAddresses"]),
  ...typed("json", [
    "assignedLicenses",
    "assignedPlans",
    "customSecurityAttributes",
    "employeeOrgData",
    "identities",
    "licenseAssignmentStates",
    "onPremisesExtensionAttributes",
    "onPremisesProvisioningErrors",
    "passwordProfile",
    "provisionedPlans",
    "serviceProvisioningErrors",
    "signInActivity",
  ]),
]);

/**
 * The type of a user property's column (https://learn.microsoft.com/graph/api/resources/user). Decided by the name alone,
 * never by the values, so that all parts of all runs have the same columns. `text` for unknown properties, such as
 * directory extensions.
 */
export function columnTypeOf(property: string): ColumnType {
  return TYPES.get(property) ?? "text";
}

function typed(type: ColumnType, properties: readonly string[]): [string, ColumnType][] {
  return properties.map((property) => [property, type]);
}
