/** A name as people write it, and as it appears in an account name. */
export interface Name {
  /** Display form, in any script. */
  readonly written: string;
  /** Lower-case ASCII form for the user principal name. */
  readonly account: string;
}

/** A place of work. */
export interface Place {
  /** ISO 3166 code; Graph's `usageLocation`. */
  readonly code: string;
  /** Country name; Graph's `country`. */
  readonly country: string;
  /** City name. */
  readonly city: string;
  /** BCP 47 tag; Graph's `preferredLanguage`. */
  readonly language: string;
  /** International dialling prefix with its plus sign. */
  readonly dial: string;
}

/** Given names of the sandbox's people. */
export const GIVEN_NAMES: readonly Name[] = names(
  "Adele Alex Amara Ana Andrei Anika Arjun Beatriz Ben Carla Chen Chloe Daniel Dele Diego Elena Emre Fatima Felix Grace",
  "Hana Henrik Ines Isaiah Ivan Jamal Johanna Jonas Kai Kwame Lara Lee Leila Lidia Luca Lynne Maya Megan Miriam Mohamed",
  "Nadia Nestor Nia Noah Olga Omar Patti Pradeep Priya Rosa Ruth Sara Tariq Tomas Uma Vera Wei Yara Yusuf",
  "José=jose Zoë=zoe Łukasz=lukasz Søren=soren Anaïs=anais Ömer=omer 美咲=misaki Ольга=olga2 Siân=sian Renée=renee",
);

/** Surnames of the sandbox's people. */
export const SURNAMES: readonly Name[] = names(
  "Vance Wilber Okafor Silva Popescu Sharma Patel Costa Meyer Rossi Wang Martin Cohen Adebayo Garcia Petrova Yilmaz Hassan",
  "Braun Young Sato Berg Lopes Langer Ivanov Carter Schmidt Weber Ito Mensah Novak Gu Haddad Holloway Bianchi Robbins Ali",
  "Bowen Levy Kowalski Nakamura Diallo Fernandez Singh Reyes Tran Ndiaye Demir Horvat Klein Moreau Nguyen Osei Quinn",
  "Müller=mueller Peña=pena Šimić=simic Ångström=angstrom O'Neill=oneill D'Souza=dsouza 佐藤=sato2 Jean-Baptiste=jeanbaptiste",
);

/** Places of work. */
export const WORKPLACES: readonly Place[] = [
  { code: "US", country: "United States", city: "Seattle", language: "en-US", dial: "+1 425 555" },
  { code: "US", country: "United States", city: "Atlanta", language: "en-US", dial: "+1 404 555" },
  { code: "GB", country: "United Kingdom", city: "Leeds", language: "en-GB", dial: "+44 113 496" },
  { code: "DE", country: "Germany", city: "München", language: "de-DE", dial: "+49 89 5550" },
  { code: "BR", country: "Brazil", city: "São Paulo", language: "pt-BR", dial: "+55 11 5550" },
  { code: "IN", country: "India", city: "Pune", language: "en-IN", dial: "+91 20 5550" },
  { code: "JP", country: "Japan", city: "大阪", language: "ja-JP", dial: "+81 6 5550" },
  { code: "NG", country: "Nigeria", city: "Lagos", language: "en-NG", dial: "+234 1 555" },
];

/** Departments. */
export const DEPARTMENTS: readonly string[] = [
  "Engineering",
  "Finance",
  "HR",
  "Legal",
  "Marketing",
  "Operations",
  "R&D",
  "Retail",
  "Sales",
  "Support, Tier 2",
];

/** Job titles. */
export const JOB_TITLES: readonly string[] = [
  "Analyst",
  "Director",
  "Engineer",
  "Manager",
  "Product Owner",
  "Representative",
  "Specialist",
  "VP, Operations",
];

/** Companies that guests come from. */
export const PARTNERS: readonly string[] = ["fabrikam.example", "northwind.example", "tailspin.example"];

/** Licence plans as sets of sku ids, starting with none. */
export const LICENCE_PLANS: readonly (readonly string[])[] = [
  [],
  ["6fd2c87f-b296-42f0-b197-1e91e994b900"],
  ["05e9a617-0261-4cee-bb44-138d3ef5d965"],
  ["05e9a617-0261-4cee-bb44-138d3ef5d965", "84a661c4-e949-4bd2-a560-ed7766fcaf2b"],
  ["4b585984-651b-448a-9e53-3b10f069cf7f", "f30db892-07e9-47e9-837c-80727f46fd3d"],
];

function names(...lines: readonly string[]): readonly Name[] {
  return lines
    .flatMap((line) => line.split(" "))
    .map((entry) => {
      const [written = "", account = written.toLowerCase()] = entry.split("=");
      return { written, account };
    });
}
