using '../main.bicep'

// All options at once that go together: a private network, immutability, a signing key, an operator, alerts.
param environmentName = 'rollcall-full'
param storageSuffix = 'core.windows.net'
param vaultSuffix = '.vault.azure.net'
param tags = { owner: 'identity team' }
param clientId = '6731de76-14a6-49ae-97bc-6eba6914391e'
param credential = 'secret'
param secretName = 'app-secret'
param signingKeyName = 'manifest-key'
param userProperties = 'id,userPrincipalName'
param count = 'off'
param formats = 'ndjson,parquet'
param keep = 'daily=21,last=30'
param instanceMemoryMB = 4096
param retentionDays = 30
param immutabilityDays = 14
param privateNetworking = true
param allowedIpAddresses = ['203.0.113.7']
param httpsProxy = 'http://proxy.contoso.com:8080'
param noProxy = '169.254.169.254,.contoso.com'
param operatorPrincipalId = '0a0b0c0d-1111-4222-8333-444455556666'
param operatorPrincipalType = 'Group'
param alertEmail = 'oncall@contoso.com'
param alertWebhookUrl = 'https://hooks.contoso.com/rollcall'
