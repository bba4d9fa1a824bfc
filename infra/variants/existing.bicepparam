using '../main.bicep'

// In a vault and a storage account that were there before, in other resource groups, through a private network, in the cloud of
// the US government.
param environmentName = 'rollcall-existing'
param storageSuffix = 'core.usgovcloudapi.net'
param vaultSuffix = '.vault.usgovcloudapi.net'
param cloud = 'usgov'
param clientId = '6731de76-14a6-49ae-97bc-6eba6914391e'
param existingVaultName = 'contoso-vault'
param existingVaultResourceGroup = 'security'
param existingStorageAccountName = 'contosolake'
param existingStorageResourceGroup = 'data'
param signingKeyName = 'manifest-key'
param privateNetworking = true
param addressPrefix = '10.61.0.0/23'
