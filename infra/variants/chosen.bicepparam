using '../main.bicep'

// What all other variants leave at its default: each is set to something else, so that it is seen to arrive where it belongs.
param environmentName = 'rollcall-chosen'
param storageSuffix = 'core.windows.net'
param vaultSuffix = '.vault.azure.net'
param tenantId = '0F1E2D3C-4B5A-4978-8695-A4B3C2D1E0F1'
param clientId = '6731de76-14a6-49ae-97bc-6eba6914391e'
param certificateName = 'chosen-cert'
param signingKeyName = 'chosen-key'
param requireSignature = 'on'
param authorityHost = 'https://login.contoso.com'
param graphUrl = 'https://graph.contoso.com'
param containerName = 'chosen-snapshots'
param schedule = '0 30 1 * * *'
param userProperties = 'id,userPrincipalName,accountEnabled'
param listing = 'sliced'
param count = 'off'
param concurrency = 8
param formats = 'ndjson,csv'
param changes = 'off'
param report = 'on'
param keep = 'daily=30,monthly=12'
param maxShrinkPercent = 5
param timeBudgetMinutes = 12
param instanceMemoryMB = 512
param maximumInstanceCount = 1
param storageAccountName = 'chosenlake'
param snapshotRedundancy = 'Standard_LRS'
param deletedRetentionDays = 7
param vaultName = 'chosen-vault'
param operatorPrincipalId = '0a0b0c0d-1111-4222-8333-444455556666'
param logRetentionDays = 30
