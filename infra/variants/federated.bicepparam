using '../main.bicep'

// No secret at all: the identity's token is the assertion of the app registration.
param environmentName = 'rollcall-federated'
param storageSuffix = 'core.windows.net'
param vaultSuffix = '.vault.azure.net'
param clientId = '6731de76-14a6-49ae-97bc-6eba6914391e'
param credential = 'federated'
// As azd sets it in a pipeline, which gets no role.
param operatorPrincipalId = '0a0b0c0d-1111-4222-8333-444455556666'
param operatorPrincipalType = 'ServicePrincipal'
param lockSnapshots = false
param alertEmail = 'oncall@contoso.com'
