// The Functions host's own storage: the timer's lease, the deployed package and, for several tenants, the queue. No snapshot is ever kept here.
import { roles } from 'roles.bicep'

@description('Region of the account.')
param location string
@description('Tags of the account.')
param tags object
@description('Name of the account.')
param accountName string
@description('Container of the deployed package.')
param packageContainerName string
@description('Whether there is a queue of tenants.')
param hasQueue bool
@description('Whether the account answers in the private network only.')
param privateNetworking bool
@description('Id of the Function app\'s identity.')
param identityId string
@description('Object id of the Function app\'s identity.')
param identityPrincipalId string
@description('Name of the workspace of the record of who wrote.')
param workspaceName string

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = {
  name: workspaceName
}

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: accountName
  location: location
  tags: tags
  sku: { name: 'Standard_LRS' }
  kind: 'StorageV2'
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    isLocalUserEnabled: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: privateNetworking ? 'Disabled' : 'Enabled'
    networkAcls: {
      // Functions is no trusted service of its own storage, so a bypass would not help it.
      bypass: 'None'
      defaultAction: privateNetworking ? 'Deny' : 'Allow'
    }
  }

  resource blobs 'blobServices' = {
    name: 'default'

    // The platform does not make it when a template makes the app.
    resource packages 'containers' = {
      name: packageContainerName
      properties: { publicAccess: 'None' }
    }
  }
}

resource queues 'Microsoft.Storage/storageAccounts/queueServices@2025-06-01' = if (hasQueue) {
  parent: account
  name: 'default'

  // One message a tenant and night; functions/snapshot-tenant.ts takes them.
  resource tenants 'queues' = {
    name: 'rollcall-tenants'
  }

  // Where the host puts those that were given up on.
  resource givenUp 'queues' = {
    name: 'rollcall-tenants-poison'
  }
}

resource queueRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (hasQueue) {
  name: guid(account.id, identityId, roles.storageQueueDataContributor)
  scope: account
  properties: {
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.storageQueueDataContributor
    )
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    description: 'The timer puts a message for each tenant into a queue here, and the host takes them out.'
  }
}

resource hostRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, identityId, roles.storageBlobDataOwner)
  scope: account
  properties: {
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.storageBlobDataOwner
    )
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    description: 'The Functions host keeps its timer lease and its package here.'
  }
}

// Who changed the package that runs. Reads are the host's own, all day.
resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: account::blobs
  properties: {
    workspaceId: workspace.id
    logs: map(['StorageWrite', 'StorageDelete'], category => { category: category, enabled: true })
  }
}
