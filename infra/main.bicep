// All that Rollcall needs in Azure, in one resource group. docs/deploy.md explains it; infra/graph/ has the side of Entra.
targetScope = 'resourceGroup'

@description('Name of this installation; goes into tags and names. azd: AZURE_ENV_NAME.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Region of all resources. Must offer Flex Consumption.')
@metadata({ azd: { type: 'location' } })
param location string = resourceGroup().location

@description('More tags for all resources.')
param tags object = {}

// What is read, and as whom

@description('Directory (tenant) id whose users are read: a GUID, as it is the name of a folder too. By default the directory of the subscription.')
param tenantId string = subscription().tenantId

@description('Several tenants in place of tenantId: directory ids or domains separated by commas, or @tenants.json for a blob in the container. Empty for one tenant.')
param tenants string = ''

@description('Application (client) id of the app registration. May be empty at first, and stays empty with managed-identity.')
param clientId string = ''

@description('How the Function proves itself to Entra. certificate and secret: kept in Key Vault. federated: the identity\'s token stands in for a secret. managed-identity: the identity itself may read users; no app registration.')
@allowed(['certificate', 'secret', 'federated', 'managed-identity'])
param credential string = 'certificate'

@description('Name of the certificate in the vault, where credential is certificate; graph-cert unless set.')
@maxLength(127)
param certificateName string = ''

@description('Name of the secret in the vault, where credential is secret; graph-secret unless set.')
@maxLength(127)
param secretName string = ''

@description('Name of a key that signs each manifest. Made in the vault when missing; empty for no signature.')
@maxLength(127)
param signingKeyName string = ''

@description('Whether a run refuses to build on a snapshot that the key did not sign; wants signingKeyName.')
@allowed(['on', 'off'])
param requireSignature string = 'off'

// The settings of docs/settings.md

@description('Microsoft\'s cloud.')
@allowed(['global', 'usgov', 'usgov-dod', 'china'])
param cloud string = 'global'

@description('Origin that issues tokens, for a cloud not in the list; empty for the cloud\'s.')
param authorityHost string = ''

@description('Origin of Microsoft Graph, for a cloud not in the list; empty for the cloud\'s.')
param graphUrl string = ''

@description('Container of the snapshots.')
@minLength(3)
@maxLength(63)
param containerName string = 'user-snapshots'

@description('When the timer fires: NCRONTAB with six fields, in UTC.')
@minLength(11)
param schedule string = '0 0 2 * * *'

@description('Graph user properties, separated by commas; empty for Rollcall\'s own list.')
param userProperties string = ''

@description('How users are listed.')
@allowed(['auto', 'sequential', 'sliced'])
param listing string = 'auto'

@description('Whether each listing is held to the directory\'s own count.')
@allowed(['on', 'off'])
param count string = 'on'

@description('The most requests to Graph at the same time.')
@minValue(1)
@maxValue(64)
param concurrency int = 16

@description('What a snapshot is written as: ndjson always, csv and parquet where named, separated by commas.')
@minLength(3)
param formats string = 'ndjson'

@description('Whether a run writes what changed since the last snapshot.')
@allowed(['on', 'off'])
param changes string = 'on'

@description('Whether a run leaves its report, a page for people, beside its manifest: on or off.')
@allowed(['on', 'off'])
param report string = 'off'

@description('The most that the list may shrink from one snapshot to the next, in percent.')
@minValue(0)
@maxValue(100)
param maxShrinkPercent int = 20

@description('Which snapshots a run keeps once it has committed, such as daily=30,monthly=12; empty keeps all, until retentionDays.')
param keep string = ''

@description('Minutes after which a run stops itself; below the 30 minutes of functionTimeout in host.json.')
@minValue(1)
@maxValue(29)
param timeBudgetMinutes int = 25

@description('URL of a proxy on the way out, without a login; empty for none. Sets HTTPS_PROXY.')
param httpsProxy string = ''

@description('Hosts that are asked without the proxy; those of the identity\'s endpoint must be among them. Sets NO_PROXY, with what a private network leads to.')
param noProxy string = 'localhost,127.0.0.1,169.254.169.254'

// The Function app

@description('Memory of an instance. 2048 has one core and does for any tenant; 512 has a quarter of one.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('The most instances of the app. One timer needs one, several tenants as many as are to be read at a time, divided by four; below 40 not every region takes it.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

// Storage and vault

@description('Name of the storage account to make for snapshots; empty for a name that is made up.')
@maxLength(24)
param storageAccountName string = ''

@description('A storage account that is there already, in place of a new one. Only the container and its roles are made in it.')
@maxLength(24)
param existingStorageAccountName string = ''

@description('Resource group of that account.')
param existingStorageResourceGroup string = resourceGroup().name

@description('Redundancy of the snapshots. Standard_LRS where the region has no zones.')
@allowed([
  'Standard_LRS'
  'Standard_ZRS'
  'Standard_GRS'
  'Standard_GZRS'
  'Standard_RAGRS'
  'Standard_RAGZRS'
])
param snapshotRedundancy string = 'Standard_ZRS'

@description('Days after which a snapshot is deleted; 0 keeps all.')
@minValue(0)
@maxValue(36500)
param retentionDays int = 400

@description('Days within which a deleted blob can be brought back.')
@minValue(1)
@maxValue(365)
param deletedRetentionDays int = 30

@description('Days for which nobody can change or delete a snapshot; 0 is off. On a container that exists already it cannot be switched on.')
@minValue(0)
@maxValue(36500)
param immutabilityDays int = 0

@description('Whether a lock keeps the snapshots\' storage account from being deleted, by azd down too. Needs Owner or User Access Administrator.')
param lockSnapshots bool = true

@description('Name of the vault to make; empty for a name that is made up.')
@maxLength(24)
param vaultName string = ''

@description('A vault that is there already, in place of a new one. It must use Azure RBAC and hold the certificate or secret.')
@maxLength(24)
param existingVaultName string = ''

@description('Resource group of that vault.')
param existingVaultResourceGroup string = resourceGroup().name

// The network

@description('Whether storage and vault are reached through a private network only.')
param privateNetworking bool = false

@description('Addresses of that network, /24 or more.')
param addressPrefix string = '10.60.0.0/24'

@description('Public IPv4 addresses or ranges that may reach snapshots and vault although the network is private, such as an operator\'s.')
param allowedIpAddresses string[] = []

@description('How addresses of storage end; the cloud\'s way unless set.')
param storageSuffix string = environment().suffixes.storage

@description('How addresses of vaults end, with the dot before it; the cloud\'s way unless set.')
param vaultSuffix string = environment().suffixes.keyvaultDns

// People

@description('Object id of the person or group that makes the credential and reads snapshots; empty for nobody. azd: whoever is signed in.')
param operatorPrincipalId string = ''

@description('What the operator is to Entra. A ServicePrincipal, which is a pipeline, gets no role: it neither makes credentials nor reads people\'s data.')
@allowed(['User', 'Group', 'ServicePrincipal'])
param operatorPrincipalType string = 'User'

@description('Who gets a mail when a night is missing, a run failed or there is a warning; empty for nobody.')
param alertEmail string = ''

@secure()
@description('An https URL that alerts are posted to in the common alert schema; empty for none.')
param alertWebhookUrl string = ''

@description('Days that logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 90

// What cannot be right together is refused here, in words, before anything is made.

func isGuid(text string) bool =>
  join(map(split(text, '-'), part => string(length(part))), '-') == '8-4-4-4-12'

func isMailAddress(text string) bool =>
  length(split(text, '@')) == 2 && length(split(text, [' ', ',', ';'])) == 1 && !startsWith(text, '@') && contains(
    last(split(text, '@')),
    '.'
  ) && !startsWith(last(split(text, '@')), '.') && !endsWith(text, '.')

var refusals = filter(
  [
    !empty(tenants) || isGuid(tenantId) ? '' : 'tenantId must be the directory id, a GUID, not a domain.'
    empty(clientId) || isGuid(clientId) ? '' : 'clientId must be the application (client) id, a GUID.'
    credential == 'managed-identity' && !empty(tenants)
      ? 'credential managed-identity reads the directory of the subscription only; for several tenants use certificate, secret or federated.'
      : ''
    credential == 'managed-identity' && toLower(tenantId) != toLower(subscription().tenantId)
      ? 'credential managed-identity reads the directory of the subscription only; for another tenantId use certificate, secret or federated.'
      : ''
    !empty(vaultName) && !empty(existingVaultName) ? 'Give vaultName or existingVaultName, not both.' : ''
    !empty(storageAccountName) && !empty(existingStorageAccountName)
      ? 'Give storageAccountName or existingStorageAccountName, not both.'
      : ''
    immutabilityDays > 0 && !empty(existingStorageAccountName)
      ? 'immutabilityDays is for a storage account that is made here; set a policy on the existing one yourself.'
      : ''
    retentionDays > 0 && immutabilityDays > retentionDays
      ? 'immutabilityDays must not be more than retentionDays: the snapshots could not be deleted when they are due.'
      : ''
    !empty(allowedIpAddresses) && !privateNetworking
      ? 'allowedIpAddresses needs privateNetworking: without it the Function itself would be shut out.'
      : ''
    requireSignature == 'on' && empty(signingKeyName)
      ? 'requireSignature needs signingKeyName: without a key no run could ever commit.'
      : ''
    empty(operatorPrincipalId) || isGuid(operatorPrincipalId)
      ? ''
      : 'operatorPrincipalId must be an object id, a GUID.'
    empty(alertEmail) || isMailAddress(alertEmail)
      ? ''
      : 'alertEmail must be one mail address, such as oncall@contoso.com.'
  ],
  refusal => !empty(refusal)
)

// Every name hangs on it, so that nothing is made when something was refused.
var token = empty(refusals)
  ? uniqueString(resourceGroup().id, environmentName)
  : fail('Rollcall cannot be deployed like this. ${join(refusals, ' ')}')

var allTags = union(tags, { 'azd-env-name': environmentName })
var needsVault = contains(['certificate', 'secret'], credential) || !empty(signingKeyName)
// azd hands an empty output of one deployment to the next as a parameter, so an empty name is none.
var credentialName = credential == 'secret'
  ? (empty(secretName) ? 'graph-secret' : secretName)
  : (empty(certificateName) ? 'graph-cert' : certificateName)
var operatorId = operatorPrincipalType == 'ServicePrincipal' ? '' : operatorPrincipalId
var makesVault = needsVault && empty(existingVaultName)
var makesStorage = empty(existingStorageAccountName)
var names = {
  identity: 'id-rollcall-${token}'
  plan: 'plan-rollcall-${token}'
  app: 'func-rollcall-${token}'
  workspace: 'log-rollcall-${token}'
  component: 'appi-rollcall-${token}'
  network: 'vnet-rollcall-${token}'
  hostStorage: 'strollhost${token}'
  snapshotStorage: makesStorage
    ? (empty(storageAccountName) ? 'strollsnap${token}' : storageAccountName)
    : existingStorageAccountName
  vault: empty(existingVaultName) ? (empty(vaultName) ? 'kv-roll-${token}' : vaultName) : existingVaultName
}
var packageContainerName = 'packages'
var blobHost = 'blob.${storageSuffix}'
// A proxy knows nothing of private addresses: what has one is asked directly.
var privateHosts = privateNetworking
  ? concat(
      ['${names.hostStorage}.${blobHost}', '${names.snapshotStorage}.${blobHost}'],
      needsVault ? ['${names.vault}${vaultSuffix}'] : [],
      hasQueue ? ['${names.hostStorage}.${queueHost}'] : []
    )
  : []
var blobZone = 'privatelink.${blobHost}'
var queueHost = 'queue.${storageSuffix}'
var queueZone = 'privatelink.${queueHost}'
var hasQueue = !empty(tenants)
// As documented for private endpoints: "vaultcore" where the suffix of vaults has "vault".
var vaultZone = 'privatelink${replace(vaultSuffix, '.vault.', '.vaultcore.')}'

// The settings of docs/settings.md; an empty one counts as not set.
var settings = {
  ROLLCALL_TENANT_ID: empty(tenants) ? toLower(tenantId) : ''
  ROLLCALL_TENANTS: tenants
  ROLLCALL_CLIENT_ID: credential == 'managed-identity' ? '' : toLower(clientId)
  ROLLCALL_CREDENTIAL: credential
  ROLLCALL_KEY_VAULT_URL: needsVault ? 'https://${names.vault}${vaultSuffix}' : ''
  ROLLCALL_CERTIFICATE_NAME: credential == 'certificate' ? credentialName : ''
  ROLLCALL_SECRET_NAME: credential == 'secret' ? credentialName : ''
  ROLLCALL_SIGNING_KEY_NAME: signingKeyName
  ROLLCALL_REQUIRE_SIGNATURE: requireSignature
  ROLLCALL_STORAGE: 'https://${names.snapshotStorage}.${blobHost}'
  ROLLCALL_CONTAINER: containerName
  ROLLCALL_SCHEDULE: schedule
  ROLLCALL_PROPERTIES: userProperties
  ROLLCALL_CLOUD: cloud
  ROLLCALL_AUTHORITY_HOST: authorityHost
  ROLLCALL_GRAPH_URL: graphUrl
  ROLLCALL_LISTING: listing
  ROLLCALL_COUNT: count
  ROLLCALL_CONCURRENCY: string(concurrency)
  ROLLCALL_FORMATS: formats
  ROLLCALL_CHANGES: changes
  ROLLCALL_REPORT: report
  ROLLCALL_MAX_SHRINK_PERCENT: string(maxShrinkPercent)
  ROLLCALL_KEEP: keep
  ROLLCALL_TIME_BUDGET_MINUTES: string(timeBudgetMinutes)
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: names.identity
  location: location
  tags: allTags
}

module monitoring 'monitoring.bicep' = {
  params: {
    location: location
    tags: allTags
    workspaceName: names.workspace
    componentName: names.component
    logRetentionDays: logRetentionDays
    identityId: identity.id
    identityPrincipalId: identity.properties.principalId
  }
}

module hostStorage 'host-storage.bicep' = {
  params: {
    location: location
    tags: allTags
    accountName: names.hostStorage
    packageContainerName: packageContainerName
    hasQueue: hasQueue
    privateNetworking: privateNetworking
    identityId: identity.id
    identityPrincipalId: identity.properties.principalId
    workspaceName: names.workspace
  }
  dependsOn: [monitoring]
}

module snapshotStorage 'snapshot-storage.bicep' = if (makesStorage) {
  params: {
    location: location
    tags: allTags
    accountName: names.snapshotStorage
    sku: snapshotRedundancy
    containerName: containerName
    tenantId: empty(tenants) ? tenantId : ''
    retentionDays: retentionDays
    deletedRetentionDays: deletedRetentionDays
    privateNetworking: privateNetworking
    allowedIpAddresses: allowedIpAddresses
    lockAccount: lockSnapshots
    workspaceName: names.workspace
  }
  dependsOn: [monitoring]
}

module snapshotContainer 'snapshot-container.bicep' = {
  scope: resourceGroup(makesStorage ? resourceGroup().name : existingStorageResourceGroup)
  params: {
    accountName: names.snapshotStorage
    containerName: containerName
    immutabilityDays: immutabilityDays
    identityId: identity.id
    identityPrincipalId: identity.properties.principalId
    operatorPrincipalId: operatorId
    operatorPrincipalType: operatorPrincipalType
  }
  dependsOn: [snapshotStorage]
}

module vault 'vault.bicep' = if (makesVault) {
  params: {
    location: location
    tags: allTags
    vaultName: names.vault
    privateNetworking: privateNetworking
    allowedIpAddresses: allowedIpAddresses
    workspaceName: names.workspace
  }
  dependsOn: [monitoring]
}

module vaultAccess 'vault-access.bicep' = if (needsVault) {
  scope: resourceGroup(makesVault ? resourceGroup().name : existingVaultResourceGroup)
  params: {
    vaultName: names.vault
    isOwnVault: makesVault
    credential: credential
    credentialName: credentialName
    signingKeyName: signingKeyName
    identityId: identity.id
    identityPrincipalId: identity.properties.principalId
    operatorPrincipalId: operatorId
    operatorPrincipalType: operatorPrincipalType
  }
  dependsOn: [vault]
}

module network 'network.bicep' = if (privateNetworking) {
  params: {
    location: location
    tags: allTags
    networkName: names.network
    addressPrefix: addressPrefix
    zoneNames: concat([blobZone], needsVault ? [vaultZone] : [], hasQueue ? [queueZone] : [])
  }
}

module hostEndpoint 'private-endpoint.bicep' = if (privateNetworking) {
  params: {
    location: location
    tags: allTags
    endpointName: 'pe-host-${token}'
    serviceId: resourceId('Microsoft.Storage/storageAccounts', names.hostStorage)
    part: 'blob'
    networkName: names.network
    zoneName: blobZone
  }
  dependsOn: [network, hostStorage]
}

module queueEndpoint 'private-endpoint.bicep' = if (privateNetworking && hasQueue) {
  params: {
    location: location
    tags: allTags
    endpointName: 'pe-queue-${token}'
    serviceId: resourceId('Microsoft.Storage/storageAccounts', names.hostStorage)
    part: 'queue'
    networkName: names.network
    zoneName: queueZone
  }
  dependsOn: [network, hostStorage]
}

module snapshotEndpoint 'private-endpoint.bicep' = if (privateNetworking) {
  params: {
    location: location
    tags: allTags
    endpointName: 'pe-snapshots-${token}'
    serviceId: resourceId(
      makesStorage ? resourceGroup().name : existingStorageResourceGroup,
      'Microsoft.Storage/storageAccounts',
      names.snapshotStorage
    )
    part: 'blob'
    networkName: names.network
    zoneName: blobZone
  }
  dependsOn: [network, snapshotStorage]
}

module vaultEndpoint 'private-endpoint.bicep' = if (privateNetworking && needsVault) {
  params: {
    location: location
    tags: allTags
    endpointName: 'pe-vault-${token}'
    serviceId: resourceId(
      makesVault ? resourceGroup().name : existingVaultResourceGroup,
      'Microsoft.KeyVault/vaults',
      names.vault
    )
    part: 'vault'
    networkName: names.network
    zoneName: vaultZone
  }
  dependsOn: [network, vault]
}

// Last of what the timer needs: its roles and private endpoints are there when it starts.
module functionApp 'function-app.bicep' = {
  params: {
    location: location
    tags: allTags
    planName: names.plan
    appName: names.app
    identityName: identity.name
    componentName: names.component
    hostStorageName: names.hostStorage
    hostStorageUrl: 'https://${names.hostStorage}.${blobHost}'
    hostQueueUrl: hasQueue ? 'https://${names.hostStorage}.${queueHost}' : ''
    // Publishing tools look for the account's name; outside of the global cloud its address ends differently, so it is given whole.
    hostStorageByName: cloud == 'global'
    packageContainerName: packageContainerName
    settings: settings
    httpsProxy: httpsProxy
    noProxy: join(concat([noProxy], privateHosts), ',')
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    networkName: privateNetworking ? names.network : ''
  }
  dependsOn: [
    monitoring
    hostStorage
    snapshotContainer
    vaultAccess
    network
    hostEndpoint
    queueEndpoint
    snapshotEndpoint
    vaultEndpoint
  ]
}

module alerts 'alerts.bicep' = {
  params: {
    location: location
    tags: allTags
    componentName: names.component
    namePrefix: 'rollcall-${token}'
    alertEmail: alertEmail
    hasWebhook: !empty(alertWebhookUrl)
    alertWebhookUrl: alertWebhookUrl
  }
  dependsOn: [monitoring, functionApp]
}

module workbook 'workbook.bicep' = {
  params: {
    location: location
    tags: allTags
    componentName: names.component
  }
  dependsOn: [monitoring, functionApp]
}

// azd keeps these as variables of its environment: "npx rollcall doctor" and the hooks read them as they are.

@description('Directory that is read; empty where they are several.')
output ROLLCALL_TENANT_ID string = settings.ROLLCALL_TENANT_ID
@description('Directories that are read, where they are several; empty for one.')
output ROLLCALL_TENANTS string = tenants
@description('App registration; empty for none.')
output ROLLCALL_CLIENT_ID string = settings.ROLLCALL_CLIENT_ID
@description('How the Function proves itself.')
output ROLLCALL_CREDENTIAL string = credential
@description('Vault; empty for none.')
output ROLLCALL_KEY_VAULT_URL string = settings.ROLLCALL_KEY_VAULT_URL
@description('Certificate in the vault; empty for none.')
output ROLLCALL_CERTIFICATE_NAME string = settings.ROLLCALL_CERTIFICATE_NAME
@description('Secret in the vault, by name; empty for none.')
output ROLLCALL_SECRET_NAME string = settings.ROLLCALL_SECRET_NAME
@description('Key that signs; empty for none.')
output ROLLCALL_SIGNING_KEY_NAME string = signingKeyName
@description('Blob service of the snapshots.')
output ROLLCALL_STORAGE string = settings.ROLLCALL_STORAGE
@description('Container of the snapshots.')
output ROLLCALL_CONTAINER string = containerName
@description('When the timer fires.')
output ROLLCALL_SCHEDULE string = schedule
@description('Microsoft\'s cloud.')
output ROLLCALL_CLOUD string = cloud
@description('Function app.')
output AZURE_FUNCTION_APP_NAME string = names.app
@description('Vault, by name; empty for none.')
output AZURE_KEY_VAULT_NAME string = needsVault ? names.vault : ''
@description('Object id of the Function\'s identity, for infra/graph.')
output IDENTITY_PRINCIPAL_ID string = identity.properties.principalId
@description('Client id of the Function\'s identity.')
output IDENTITY_CLIENT_ID string = identity.properties.clientId
