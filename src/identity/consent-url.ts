/**
 * The page on which an administrator consents to the app's permissions.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/v2-admin-consent
 */
export function adminConsentUrl(authorityHost: string, tenantId: string, clientId: string): string {
  return `${authorityHost}/${tenantId}/adminconsent?client_id=${clientId}`;
}
