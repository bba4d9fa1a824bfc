import type { Tenant } from "../../src/sandbox/tenant.ts";

/** Has every n-th of Graph's answers fail, in turn by 429, 503 and reset: the same ones each time. */
export function scriptFaults(tenant: Pick<Tenant, "script">, share: number): void {
  const every = Math.round(1 / share);
  const kinds = [
    { kind: "throttle", retryAfter: "1" },
    { kind: "error", status: 503 },
    { kind: "reset" },
  ] as const;
  for (const [turn, fault] of kinds.entries()) {
    tenant.script({
      service: "graph",
      times: Number.POSITIVE_INFINITY,
      match: ({ nth }) => nth % every === 0 && (nth / every) % kinds.length === turn,
      fault,
    });
  }
}
