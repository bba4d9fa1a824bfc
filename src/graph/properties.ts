/**
 * What is listed when `ROLLCALL_PROPERTIES` is not set: enough for access reviews, joiner/mover/leaver reports and
 * licence counts, all readable with `User.Read.All` alone.
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

/** Properties that need an app role besides `User.Read.All` (https://learn.microsoft.com/graph/api/resources/user). */
const EXTRA_APP_ROLES: Readonly<Record<string, string>> = {
  signInActivity: "AuditLog.Read.All",
  employeeLeaveDateTime: "User-LifeCycleInfo.Read.All",
  customSecurityAttributes: "CustomSecAttributeAssignment.Read.All",
};

/** The Graph app roles that a listing of `properties` needs, `User.Read.All` first. */
export function requiredAppRoles(properties: readonly string[]): string[] {
  const extra = properties.map((property) => EXTRA_APP_ROLES[property]);
  return ["User.Read.All", ...extra.filter((role) => role !== undefined)];
}

/** Users per page: the most Graph allows, which is less when it has to join in the sign-in logs. */
export function pageSize(properties: readonly string[]): number {
  return properties.includes("signInActivity") ? 500 : 999;
}
