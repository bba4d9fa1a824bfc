/**
 * Products whose ids are the same in every tenant
 * (https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference). Only the commonest. Names change,
 * so a report also shows the id.
 */
const NAMES: ReadonlyMap<string, string> = new Map([
  ["18181a46-0d4e-45cd-891e-60aabd171b4e", "Office 365 E1"],
  ["6fd2c87f-b296-42f0-b197-1e91e994b900", "Office 365 E3"],
  ["c7df2760-2c81-4ef7-b578-5b5392b571df", "Office 365 E5"],
  ["4b585984-651b-448a-9e53-3b10f069cf7f", "Office 365 F3"],
  ["05e9a617-0261-4cee-bb44-138d3ef5d965", "Microsoft 365 E3"],
  ["06ebc4ee-1bb5-47dd-8120-11324bc54e06", "Microsoft 365 E5"],
  ["66b55226-6b4f-492c-910c-a3b7a3c9d993", "Microsoft 365 F3"],
  ["3b555118-da6a-4418-894f-7df1e2096870", "Microsoft 365 Business Basic"],
  ["f245ecc8-75af-4f8e-b61f-27d8114de5f3", "Microsoft 365 Business Standard"],
  ["cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46", "Microsoft 365 Business Premium"],
  ["078d2b04-f1bd-4111-bbd6-b4b1b354cef4", "Microsoft Entra ID P1"],
  ["84a661c4-e949-4bd2-a560-ed7766fcaf2b", "Microsoft Entra ID P2"],
  ["efccb6f7-5641-4e0e-bd10-b4976e1bf68e", "Enterprise Mobility + Security E3"],
  ["b05e124f-c7cc-45a0-a6aa-8cf78c946968", "Enterprise Mobility + Security E5"],
  ["4b9405b0-7788-4568-add1-99614e613b69", "Exchange Online (Plan 1)"],
  ["19ec0d23-8335-4cbd-94ac-6050e30712fa", "Exchange Online (Plan 2)"],
  ["f8a1db68-be16-40ed-86d5-cb42ce701560", "Power BI Pro"],
  ["f30db892-07e9-47e9-837c-80727f46fd3d", "Power Automate Free"],
  ["53818b1b-4a27-454b-8896-0dba576410e6", "Project Plan 3"],
  ["c5928f49-12ba-48f7-ada3-0d743a3601d5", "Visio Plan 2"],
]);

/** The name of a licence; `undefined` for an unknown one, which is shown by its id. */
export function skuName(skuId: string): string | undefined {
  return NAMES.get(skuId.toLowerCase());
}
