// Refused: tenantId must be the directory id, a GUID, not a domain.
using '../main.bicep'

param environmentName = 'refused'
param tenantId = 'contoso-international.onmicrosoft.com'
