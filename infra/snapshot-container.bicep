// The container of the snapshots, in the account made here or in one that was there before, and who may use it.
import { roles } from 'roles.bicep'

@description('Storage account that the container belongs to.')
param accountName string
@description('Container of the snapshots.')
param containerName string
@description('Days for which no snapshot can be changed or deleted by anybody; 0 is off.')
param immutabilityDays int
@description('Id of the Function app\'s identity.')
param identityId string
@description('Object id of the Function app\'s identity.')
param identityPrincipalId string
@description('Object id of the person or group that reads the snapshots; empty for nobody.')
param operatorPrincipalId string
@description('What the operator is to Entra.')
param operatorPrincipalType string

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: accountName

  resource blobs 'blobServices' existing = {
    name: 'default'
  }
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = {
  parent: account::blobs
  name: containerName
  properties: {
    publicAccess: 'None'
    // By version: a policy on the whole container would forbid to overwrite latest.json.
    immutableStorageWithVersioning: immutabilityDays > 0 ? { enabled: true } : null
  }

  // Unlocked: it can still be shortened or taken away by those who may manage the account. Locking is a decision for good.
  resource immutability 'immutabilityPolicies' = if (immutabilityDays > 0) {
    name: 'default'
    properties: { immutabilityPeriodSinceCreationInDays: immutabilityDays }
  }
}

resource writerRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(container.id, identityId, roles.storageBlobDataContributor)
  scope: container
  properties: {
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.storageBlobDataContributor
    )
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    description: 'The Function writes snapshots, latest.json and its lock.'
  }
}

resource readerRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorPrincipalId)) {
  name: guid(container.id, operatorPrincipalId, roles.storageBlobDataReader)
  scope: container
  properties: {
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.storageBlobDataReader
    )
    principalId: operatorPrincipalId
    principalType: operatorPrincipalType
    description: 'The operator reads snapshots with the command line.'
  }
}
