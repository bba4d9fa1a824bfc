using '../main.bicep'

// What "azd up" makes with nothing set but the name; the endings of addresses are the global cloud's.
param environmentName = 'rollcall-basic'
param storageSuffix = 'core.windows.net'
param vaultSuffix = '.vault.azure.net'
