import { instant, isEnabled, type Person } from "./person.ts";

/** Computes one property of a person. `undefined` means that Graph leaves the property out. */
export type UserProperty = (person: Person) => unknown;

const YEAR_SECONDS = 365 * 24 * 60 * 60;
const NO_EXTENSIONS = Object.fromEntries(
  Array.from({ length: 15 }, (_, at) => [`extensionAttribute${at + 1}`, null]),
);

/**
 * Every property of the v1.0 user that a list can return, in the order in which the sandbox writes them. Graph guarantees
 * no order, so this one differs from any `$select`: a client that reads values by position fails.
 */
export const USER_PROPERTIES: ReadonlyMap<string, UserProperty> = new Map<string, UserProperty>([
  ["userType", (person) => (person.guest ? "Guest" : "Member")],
  ["businessPhones", businessPhones],
  ["signInActivity", signInActivity],
  ["surname", (person) => person.family.written],
  ["onPremisesSyncEnabled", (person) => (person.synced ? true : null)],
  ["mail", (person) => person.mail],
  ["displayName", (person) => `${person.given.written} ${person.family.written}`],
  ["assignedLicenses", (person) => person.skuIds.map((skuId) => ({ disabledPlans: [], skuId }))],
  ["accountEnabled", (person) => isEnabled(person.seed, person.index)],
  ["jobTitle", (person) => person.jobTitle],
  [
    "createdDateTime",
    (person) => (Number.isNaN(person.createdSeconds) ? null : instant(person.createdSeconds)),
  ],
  ["id", (person) => person.id],
  ["proxyAddresses", proxyAddresses],
  ["givenName", (person) => person.given.written],
  ["employeeId", (person) => (person.guest ? null : String(person.index + 1).padStart(7, "0"))],
  ["department", (person) => person.department],
  ["onPremisesExtensionAttributes", () => NO_EXTENSIONS],
  ["userPrincipalName", (person) => person.userPrincipalName],
  ["country", (person) => (person.guest ? null : person.place.country)],
  ["otherMails", (person) => (person.guest && person.mail !== null ? [person.mail] : [])],
  ["externalUserState", externalUserState],
  ["licenseAssignmentStates", licenseAssignmentStates],
  ["mobilePhone", (person) => (person.chance(30, 0.4) ? `${person.place.dial} 9${person.digits(31)}` : null)],
  [
    "employeeType",
    (person) => (person.guest ? null : person.pick(["Employee", "Employee", "Contractor", "Vendor"], 32)),
  ],
  ["identities", identities],
  ["companyName", (person) => (person.guest ? null : "Contoso")],
  ["lastPasswordChangeDateTime", (person) => (person.guest ? null : person.later(33, 3 * YEAR_SECONDS))],
  ["onPremisesSamAccountName", (person) => (person.synced ? person.account.slice(0, 20) : null)],
  ["usageLocation", (person) => (person.guest ? null : person.place.code)],
  ["officeLocation", (person) => (person.guest ? null : `${1 + (person.index % 40)}/${person.digits(34)}`)],
  ["creationType", (person) => (person.guest ? "Invitation" : null)],
  ["employeeOrgData", employeeOrgData],
  [
    "onPremisesUserPrincipalName",
    (person) => (person.synced ? `${person.account}@corp.contoso.example` : null),
  ],
  ["preferredLanguage", (person) => (person.guest ? null : person.place.language)],
  ["onPremisesLastSyncDateTime", (person) => (person.synced ? person.later(35, YEAR_SECONDS) : null)],
  ["externalUserStateChangeDateTime", (person) => (person.guest ? person.later(36, 60_000) : null)],
  ["signInSessionsValidFromDateTime", (person) => person.later(33, 3 * YEAR_SECONDS)],
  ["employeeHireDate", (person) => (person.guest ? null : `${person.later(37, 1).slice(0, 10)}T00:00:00Z`)],
  ["onPremisesDistinguishedName", distinguishedName],
  [
    "onPremisesImmutableId",
    (person) => (person.synced ? Buffer.from(person.guid(38)).toString("base64").slice(0, 24) : null),
  ],
  [
    "onPremisesSecurityIdentifier",
    (person) => (person.synced ? `S-1-5-21-2127521184-1604012920-1887927527-${person.index + 1000}` : null),
  ],
  ["onPremisesDomainName", (person) => (person.synced ? "corp.contoso.example" : null)],
  ["onPremisesProvisioningErrors", () => []],
  ["serviceProvisioningErrors", () => []],
  ["assignedPlans", assignedPlans],
  ["provisionedPlans", () => []],
  ["imAddresses", (person) => (person.mail === null || person.guest ? [] : [person.mail])],
  ["mailNickname", (person) => person.account],
  ["city", (person) => (person.guest ? null : person.place.city)],
  ["state", () => null],
  ["streetAddress", () => null],
  ["postalCode", () => null],
  ["faxNumber", () => null],
  ["ageGroup", () => null],
  ["legalAgeGroupClassification", () => null],
  ["consentProvidedForMinor", () => null],
  ["isResourceAccount", () => null],
  ["showInAddressList", () => null],
  ["passwordPolicies", (person) => (person.synced ? "DisablePasswordExpiration" : null)],
  ["passwordProfile", () => null],
  ["preferredDataLocation", () => null],
  [
    "securityIdentifier",
    (person) => `S-1-12-1-${person.index + 1}-1158429432-${person.index + 7}-3202178597`,
  ],
  ["deletedDateTime", () => null],
  [
    "employeeLeaveDateTime",
    (person) => (person.chance(39, 0.02) ? person.later(40, 9 * YEAR_SECONDS) : null),
  ],
  ["customSecurityAttributes", () => null],
]);

function businessPhones(person: Person): readonly string[] {
  return person.guest || person.chance(41, 0.3) ? [] : [`${person.place.dial} ${person.digits(42)}`];
}

function proxyAddresses(person: Person): readonly string[] {
  if (person.mail === null) return [];
  return person.guest ? [`SMTP:${person.mail}`] : [`SMTP:${person.mail}`, `smtp:${person.userPrincipalName}`];
}

function externalUserState(person: Person): string | null {
  if (!person.guest) return null;
  return person.chance(43, 0.8) ? "Accepted" : "PendingAcceptance";
}

function identities(person: Person): readonly unknown[] {
  const own = {
    signInType: "userPrincipalName",
    issuer: person.domain,
    issuerAssignedId: person.userPrincipalName,
  };
  return person.guest
    ? [{ signInType: "federated", issuer: "ExternalAzureAD", issuerAssignedId: null }, own]
    : [own];
}

function licenseAssignmentStates(person: Person): readonly unknown[] {
  return person.skuIds.map((skuId) => ({
    skuId,
    disabledPlans: [],
    assignedByGroup: null,
    state: "Active",
    error: "None",
    lastUpdatedDateTime: person.later(44, YEAR_SECONDS),
  }));
}

function assignedPlans(person: Person): readonly unknown[] {
  return person.skuIds.map(() => ({
    assignedDateTime: person.later(44, YEAR_SECONDS),
    capabilityStatus: "Enabled",
    service: "exchange",
    servicePlanId: "efb87545-963c-4e0d-99df-69c6916d9eb0",
  }));
}

function employeeOrgData(person: Person): unknown {
  return person.guest || person.department === null
    ? null
    : { costCenter: person.digits(45), division: person.department };
}

function distinguishedName(person: Person): string | null {
  return person.synced
    ? `CN=${person.account},OU=${person.department ?? "Users"},DC=corp,DC=contoso,DC=example`
    : null;
}

/** Absent, not null, for people who never signed in; `0001-01-01` and an empty request id for a kind that never happened. */
function signInActivity(person: Person): unknown {
  if (person.chance(46, 0.1)) return undefined;
  const interactive = person.later(47, 4 * YEAR_SECONDS);
  const background = person.chance(48, 0.6);
  return {
    lastSignInDateTime: interactive,
    lastSignInRequestId: person.guid(49),
    lastNonInteractiveSignInDateTime: background
      ? person.later(50, 4 * YEAR_SECONDS)
      : "0001-01-01T00:00:00Z",
    lastNonInteractiveSignInRequestId: background ? person.guid(51) : "",
    lastSuccessfulSignInDateTime: interactive,
    lastSuccessfulSignInRequestId: person.guid(49),
  };
}
