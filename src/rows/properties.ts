/**
 * The properties that are listed when `ROLLCALL_PROPERTIES` is not set: enough for access reviews, joiner/mover/leaver
 * reports and licence counts, and all readable with `User.Read.All` alone.
 */
export const DEFAULT_PROPERTIES: readonly string[] = [
  "id",
  "userPrincipalName",
  "displayName",
  "givenName",
  "surname",
  "mail",
  "otherMails",
  "userType",
  "accountEnabled",
  "createdDateTime",
  "creationType",
  "externalUserState",
  "externalUserStateChangeDateTime",
  "lastPasswordChangeDateTime",
  "employeeId",
  "employeeType",
  "employeeHireDate",
  "employeeOrgData",
  "department",
  "companyName",
  "jobTitle",
  "officeLocation",
  "city",
  "country",
  "usageLocation",
  "onPremisesSyncEnabled",
  "onPremisesSamAccountName",
  "onPremisesUserPrincipalName",
  "onPremisesDistinguishedName",
  "onPremisesImmutableId",
  "onPremisesLastSyncDateTime",
  "assignedLicenses",
];

/**
 * Graph answers 501 to a list that asks for one of these; only a GET of a single user returns them
 * (https://learn.microsoft.com/graph/api/user-list).
 */
export const UNLISTABLE_PROPERTIES: ReadonlySet<string> = new Set([
  "aboutMe",
  "birthday",
  "hireDate",
  "interests",
  "mySite",
  "pastProjects",
  "preferredName",
  "responsibilities",
  "schools",
  "skills",
  "mailboxSettings",
]);

/** More properties that a list can return. Their spelling is checked, as is that of the default ones. */
const OTHER_PROPERTIES: readonly string[] = [
  "ageGroup",
  "assignedPlans",
  "businessPhones",
  "consentProvidedForMinor",
  "customSecurityAttributes",
  "deletedDateTime",
  "employeeLeaveDateTime",
  "faxNumber",
  "identities",
  "imAddresses",
  "isResourceAccount",
  "legalAgeGroupClassification",
  "licenseAssignmentStates",
  "mailNickname",
  "mobilePhone",
  "onPremisesDomainName",
  "onPremisesExtensionAttributes",
  "onPremisesProvisioningErrors",
  "onPremisesSecurityIdentifier",
  "passwordPolicies",
  "passwordProfile",
  "postalCode",
  "preferredDataLocation",
  "preferredLanguage",
  "provisionedPlans",
  "proxyAddresses",
  "securityIdentifier",
  "showInAddressList",
  "signInActivity",
  "signInSessionsValidFromDateTime",
  "state",
  "streetAddress",
];

const SPELLINGS = new Map(
  [...DEFAULT_PROPERTIES, ...OTHER_PROPERTIES, ...UNLISTABLE_PROPERTIES].map((name) => [
    name.toLowerCase(),
    name,
  ]),
);

/**
 * Graph's spelling of a property whose upper and lower case is wrong; `undefined` if it is right, or not known here.
 * Graph's `$select` ignores case, but rows are read by exact name, so a wrong spelling would give a column of nulls.
 */
export function rightSpelling(name: string): string | undefined {
  const right = SPELLINGS.get(name.toLowerCase());
  return right === name ? undefined : right;
}

/** Properties that need an app role besides `User.Read.All` (https://learn.microsoft.com/graph/api/resources/user). */
const EXTRA_APP_ROLES: ReadonlyMap<string, string> = new Map([
  ["signInActivity", "AuditLog.Read.All"],
  ["employeeLeaveDateTime", "User-LifeCycleInfo.Read.All"],
  ["customSecurityAttributes", "CustomSecAttributeAssignment.Read.All"],
]);

/** The Graph app roles that a listing of `properties` needs, `User.Read.All` first. */
export function requiredAppRoles(properties: readonly string[]): string[] {
  const extra = properties.map((property) => EXTRA_APP_ROLES.get(property));
  return ["User.Read.All", ...extra.filter((role) => role !== undefined)];
}

/** Users per page: the most that Graph allows, which is less when Graph must join in the sign-in logs. */
export function pageSize(properties: readonly string[]): number {
  return properties.includes("signInActivity") ? 500 : 999;
}
