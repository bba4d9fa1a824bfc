using '../main.bicep'

// No secret at all: the identity's token is the assertion of the app registration.
param environmentName = 'rollcall-federated'
param storageSuffix = 'core.windows.net'
param vaultSuffix = '.vault.azure.net'
param clientId = '6731de76-14a6-49ae-97bc-6eba6914391e'
param credential = 'federated'
param lockSnapshots = false
param alertEmail = 'oncall@contoso.com'
