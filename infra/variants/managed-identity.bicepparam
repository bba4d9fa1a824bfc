using '../main.bicep'

// No app registration, no vault, and storage and vault shut to the world.
param environmentName = 'rollcall-identity'
param storageSuffix = 'core.windows.net'
param vaultSuffix = '.vault.azure.net'
param credential = 'managed-identity'
param privateNetworking = true
param retentionDays = 0
