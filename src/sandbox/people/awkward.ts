/** Values that replace a person's ordinary ones, by Graph's property name. */
export type Overrides = Readonly<Record<string, unknown>>;

/** Distance between two awkward people in the directory's order. */
const SPACING = 7;

/** The awkward people repeat after this many people, so that every part of a large tenant has some. */
const PERIOD = 10_000;

const NEVER = "0001-01-01T00:00:00Z";

const AWKWARD: readonly Overrides[] = [
  { surname: null },
  { givenName: null, surname: null, displayName: "Reception" },
  { displayName: 'Robert "Bob" Tables' },
  { displayName: "back\\slash \\u0041 \\n" },
  { displayName: "two\nlines" },
  { displayName: "a\ttab and a carriage\rreturn" },
  { displayName: "Zaphod 🚀👩‍👩‍👧" },
  { displayName: "𝒜stral 𠮷野家" },
  { displayName: "Zoe\u0308 decomposed", givenName: "Zoe\u0308" },
  { displayName: "שלום עולם", surname: "כהן" },
  { displayName: "\u202Eevil\u202C override" },
  { displayName: '=HYPERLINK("http://example.invalid","pay")' },
  { displayName: "+1 425 555 0100" },
  { displayName: "-cmd" },
  { displayName: "@SUM(A1:A9)" },
  { displayName: "line\u2028separator and\u2029paragraph" },
  { displayName: "<script>alert(1)</script> & <b>bold</b>" },
  { displayName: "'; DROP TABLE users; --" },
  { displayName: " leading and trailing " },
  { displayName: "zero\u200Bwidth\uFEFFmarks" },
  { displayName: "\u0001control\u001f", jobTitle: "nul-free" },
  { displayName: "x".repeat(256) },
  { displayName: "comma, semicolon; pipe |" },
  { createdDateTime: null },
  { userType: null },
  { userType: null, createdDateTime: null, creationType: null },
  { mail: null, proxyAddresses: [], otherMails: [], businessPhones: [], imAddresses: [] },
  { assignedLicenses: [], licenseAssignmentStates: [], assignedPlans: [] },
  {
    department: null,
    companyName: null,
    jobTitle: null,
    officeLocation: null,
    country: null,
    usageLocation: null,
  },
  { department: "" },
  { employeeId: "000042" },
  { employeeId: "1e5", employeeType: "0x10" },
  { employeeOrgData: null, employeeHireDate: NEVER },
  { employeeHireDate: "1999-12-31T00:00:00Z", lastPasswordChangeDateTime: NEVER },
  {
    signInActivity: {
      lastSignInDateTime: NEVER,
      lastSignInRequestId: "",
      lastNonInteractiveSignInDateTime: NEVER,
      lastNonInteractiveSignInRequestId: "",
      lastSuccessfulSignInDateTime: NEVER,
      lastSuccessfulSignInRequestId: "",
    },
  },
  { signInActivity: undefined },
  {
    proxyAddresses: Array.from(
      { length: 400 },
      (_, at) => `smtp:alias-${at}.${"long".repeat(8)}@contoso.example`,
    ),
  },
  { otherMails: ["o'brien+tag@example.org", "ünïcode@exämple.org"] },
  { onPremisesDistinguishedName: 'CN=Vance\\, Adele,OU="Sales, East",DC=corp,DC=contoso,DC=example' },
  { onPremisesSyncEnabled: false, onPremisesLastSyncDateTime: null },
  { accountEnabled: null },
  { jobTitle: "null", department: "NaN", companyName: "undefined" },
  { usageLocation: "NO", country: "Norway" },
];

/** The overrides of an awkward person; `undefined` for an ordinary person. */
export function awkwardAt(index: number): Overrides | undefined {
  const place = index % PERIOD;
  if (place >= AWKWARD.length * SPACING || place % SPACING !== 3) return undefined;
  return AWKWARD[(place - 3) / SPACING];
}
