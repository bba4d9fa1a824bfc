// Refused: clientId must be the application (client) id, a GUID.
using '../main.bicep'

param environmentName = 'refused'
param clientId = 'rollcall'
