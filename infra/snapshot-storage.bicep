// The account that keeps the snapshots, and what protects them from people, programs and old age.

@description('Region of the account.')
param location string
@description('Tags of the account.')
param tags object
@description('Name of the account.')
param accountName string
@description('Redundancy of the account.')
param sku string
@description('Container of the snapshots.')
param containerName string
@description('Directory (tenant) id: the folder that the rules are for. Empty for those of all tenants.')
param tenantId string
@description('Days after which a snapshot is deleted; 0 keeps all.')
param retentionDays int
@description('Days within which a deleted blob can be brought back.')
param deletedRetentionDays int
@description('Whether the account answers in the private network only.')
param privateNetworking bool
@description('Public addresses that are let in although the network is private.')
param allowedIpAddresses string[]
@description('Whether a lock keeps the account from being deleted.')
param lockAccount bool
@description('Name of the workspace of the record of who read and wrote.')
param workspaceName string

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = {
  name: workspaceName
}

var folders = '${containerName}/tenant=${toLower(tenantId)}'

// For one tenant, only what is below date=…/ grows old: latest.json, last-run.json and the lock stand beside those folders.
// A prefix takes no wildcard, and a policy has room for a few tenants' prefixes only: for several, the rule reaches those blobs too.
// That takes nothing from anybody: a commit replaces latest.json after the manifest that it points at, so that one goes first;
// each run replaces last-run.json; and a run that finds no lock makes it.
var oldSnapshots = {
  name: 'old-snapshots'
  enabled: true
  type: 'Lifecycle'
  definition: {
    filters: { blobTypes: ['blockBlob'], prefixMatch: [empty(tenantId) ? folders : '${folders}/date='] }
    actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: max(retentionDays, 1) } } }
  }
}
// What was overwritten (latest.json, each night) or deleted. The current blob is never touched by this one.
var formerVersions = {
  name: 'former-versions'
  enabled: true
  type: 'Lifecycle'
  definition: {
    filters: { blobTypes: ['blockBlob'], prefixMatch: [empty(tenantId) ? folders : '${folders}/'] }
    actions: { version: { delete: { daysAfterCreationGreaterThan: deletedRetentionDays } } }
  }
}

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: accountName
  location: location
  tags: tags
  sku: { name: sku }
  kind: 'StorageV2'
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    allowedCopyScope: 'AAD'
    defaultToOAuthAuthentication: true
    isLocalUserEnabled: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: privateNetworking && empty(allowedIpAddresses) ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'None'
      defaultAction: privateNetworking ? 'Deny' : 'Allow'
      ipRules: map(allowedIpAddresses, address => { value: address, action: 'Allow' })
    }
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: {
      isVersioningEnabled: true
      deleteRetentionPolicy: { enabled: true, days: deletedRetentionDays }
      containerDeleteRetentionPolicy: { enabled: true, days: deletedRetentionDays }
    }
  }

  // There is one policy in an account, and this is the whole of it.
  resource lifecycle 'managementPolicies' = {
    name: 'default'
    properties: {
      policy: { rules: retentionDays == 0 ? [formerVersions] : [oldSnapshots, formerVersions] }
    }
    dependsOn: [blobs]
  }
}

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (lockAccount) {
  name: 'snapshots-stay'
  scope: account
  properties: {
    level: 'CanNotDelete'
    notes: 'Holds the snapshots of Rollcall. Deleting the resource group must not take them along.'
  }
  dependsOn: [account::lifecycle]
}

resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: account::blobs
  properties: {
    workspaceId: workspace.id
    logs: map(['StorageRead', 'StorageWrite', 'StorageDelete'], category => {
      category: category
      enabled: true
    })
  }
}
