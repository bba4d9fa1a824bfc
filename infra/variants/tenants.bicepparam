using '../main.bicep'

// Several tenants: a queue beside the timer, in a private network.
param environmentName = 'rollcall-tenants'
param storageSuffix = 'core.windows.net'
param vaultSuffix = '.vault.azure.net'
param tenants = '@tenants.json'
param clientId = '6731de76-14a6-49ae-97bc-6eba6914391e'
param maximumInstanceCount = 50
param privateNetworking = true
