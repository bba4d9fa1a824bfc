/** The queue of the Functions host that has a message for each tenant. */
export const TENANTS_QUEUE = "rollcall-tenants";

/** Where the host puts those that it has given up on. */
export const GIVEN_UP_QUEUE = `${TENANTS_QUEUE}-poison`;
