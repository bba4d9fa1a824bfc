import { UserTable as Old } from "./user-table-old.ts";
import { UserTable as New } from "./user-table.ts";
const props = ["id","userPrincipalName","displayName","userType","accountEnabled"];
const cols = props.slice(1);
function lines(name: (n: number) => string): string[] { return Array.from({length: 200_000}, (_, n) => JSON.stringify({ id: String(n), userPrincipalName: `user${n}@contoso.onmicrosoft.com`, displayName: name(n), userType: "Member", accountEnabled: true })); }
const sets: Record<string, string[]> = {
  ascii: lines((n) => `Plain Name ${n}`),
  mixed: lines((n) => n % 5 ? `Plain Name ${n}` : `Zoë Müller ${n}`),
  latin: lines((n) => `Zoë Müller ${n}`),
  cjk: lines((n) => `田中太郎 ${n}`),
  long: lines((n) => `田中太郎 a very long name that has to be cut somewhere in the middle ${n}`),
};
for (const [name, all] of Object.entries(sets)) for (const [which, T] of [["old", Old], ["new", New], ["old", Old], ["new", New]] as const) {
  const t = new T(props, cols, 80); const at = performance.now();
  for (let i = 0; i < all.length; i += 1000) t.rows(all.slice(i, i + 1000));
  console.log(name, which, Math.round(performance.now() - at), "ms per 200k");
}
