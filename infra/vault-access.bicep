// Who may use what in the vault, made here or there before; and the signing key, whose private half never leaves it.
import { roles } from 'roles.bicep'

@description('Name of the vault.')
param vaultName string
@description('Whether the vault holds nothing but what is Rollcall\'s, so that a role on all of it is narrow.')
param isOwnVault bool
@description('What opens the app registration.')
@allowed(['certificate', 'secret', 'federated', 'managed-identity'])
param credential string
@description('Name of the certificate or secret in the vault.')
param credentialName string
@description('Name of the key that signs manifests; empty for none.')
param signingKeyName string
@description('Id of the Function app\'s identity.')
param identityId string
@description('Object id of the Function app\'s identity.')
param identityPrincipalId string
@description('Object id of whoever makes the credential; empty for nobody.')
param operatorPrincipalId string
@description('What the operator is to Entra.')
param operatorPrincipalType string

var holdsCredential = contains(['certificate', 'secret'], credential)
var officer = credential == 'certificate' ? roles.keyVaultCertificatesOfficer : roles.keyVaultSecretsOfficer

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = {
  name: vaultName

  // A certificate with its key is read as the secret of the same name. In a vault that was there before, it must be there too.
  resource credentialSecret 'secrets' existing = {
    name: credentialName
  }
}

resource credentialRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (holdsCredential && isOwnVault) {
  name: guid(vault.id, identityId, roles.keyVaultSecretsUser)
  scope: vault
  properties: {
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.keyVaultSecretsUser
    )
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    description: 'The Function reads its credential.'
  }
}

resource oneSecretRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (holdsCredential && !isOwnVault) {
  name: guid(vault::credentialSecret.id, identityId, roles.keyVaultSecretsUser)
  scope: vault::credentialSecret
  properties: {
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.keyVaultSecretsUser
    )
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    description: 'The Function reads its credential, and nothing else in this vault.'
  }
}

resource officerRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (holdsCredential && isOwnVault && !empty(operatorPrincipalId)) {
  name: guid(vault.id, operatorPrincipalId, officer)
  scope: vault
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', officer)
    principalId: operatorPrincipalId
    principalType: operatorPrincipalType
    description: 'The operator makes and rotates the credential.'
  }
}

// Made once: a deployment over an existing key leaves it as it is.
resource signingKey 'Microsoft.KeyVault/vaults/keys@2024-11-01' = if (!empty(signingKeyName)) {
  parent: vault
  name: empty(signingKeyName) ? 'none' : signingKeyName
  properties: {
    kty: 'EC'
    curveName: 'P-256'
    keyOps: ['sign', 'verify']
    attributes: { enabled: true, exportable: false }
  }
}

resource signingRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(signingKeyName)) {
  name: guid(signingKey.id, identityId, roles.keyVaultCryptoUser)
  scope: signingKey
  properties: {
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.keyVaultCryptoUser
    )
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    description: 'The Function signs manifests with this key.'
  }
}
