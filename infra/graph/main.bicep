// The side of Entra: who may read users. For somebody who may register applications and grant permissions; that is seldom the
// person who deploys to Azure, so it is an entry of its own. It also needs the network to compile: its extension comes from
// Microsoft's registry. register.sh does the same with the Azure CLI.
//   az deployment group create --resource-group GROUP --template-file infra/graph/main.bicep --parameters credential=federated identityPrincipalId=…
targetScope = 'resourceGroup'

extension microsoftGraphV1

@description('As in infra/main.bicep.')
@allowed(['certificate', 'secret', 'federated', 'managed-identity'])
param credential string = 'certificate'

@description('Unique name of the app registration: the same name is the same registration, however often this is deployed.')
@minLength(1)
param applicationName string = 'rollcall'

@description('Object id of the Function\'s identity (output IDENTITY_PRINCIPAL_ID); for federated and managed-identity.')
param identityPrincipalId string = ''

@description('Whether User.Read.All is granted too. Needs a Privileged Role Administrator; without it somebody opens the consent URL later.')
param grantPermission bool = true

@description('Microsoft\'s cloud.')
@allowed(['global', 'usgov', 'usgov-dod', 'china'])
param cloud string = 'global'

// The same in every tenant: https://learn.microsoft.com/graph/permissions-reference
var graphAppId = '00000003-0000-0000-c000-000000000000'
var userReadAll = 'df021288-bdef-4463-88db-98f22de89214'
var audiences = {
  global: 'api://AzureADTokenExchange'
  usgov: 'api://AzureADTokenExchangeUSGov'
  'usgov-dod': 'api://AzureADTokenExchangeUSGov'
  china: 'api://AzureADTokenExchangeChina'
}
var usesIdentity = contains(['federated', 'managed-identity'], credential)
var subject = usesIdentity && empty(identityPrincipalId)
  ? fail('identityPrincipalId is needed for credential ${credential}: output IDENTITY_PRINCIPAL_ID of infra/main.bicep.')
  : identityPrincipalId
var hasApplication = credential != 'managed-identity'

resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: graphAppId
}

// keyCredentials are not named here: a deployment would write the list anew and drop a certificate that was rotated since.
resource application 'Microsoft.Graph/applications@v1.0' = if (hasApplication) {
  uniqueName: applicationName
  displayName: applicationName
  signInAudience: 'AzureADMyOrg'
  requiredResourceAccess: [
    { resourceAppId: graphAppId, resourceAccess: [{ id: userReadAll, type: 'Role' }] }
  ]

  // Entra takes wrong values in silence; they only fail at sign-in. The subject is the identity's object id, not its client id.
  resource assertion 'federatedIdentityCredentials@v1.0' = if (credential == 'federated') {
    name: '${applicationName}/rollcall-identity'
    audiences: [audiences[cloud]]
    issuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
    subject: subject
  }
}

resource servicePrincipal 'Microsoft.Graph/servicePrincipals@v1.0' = if (hasApplication) {
  appId: application!.appId
}

resource grant 'Microsoft.Graph/appRoleAssignedTo@v1.0' = if (grantPermission) {
  appRoleId: userReadAll
  resourceId: graph.id
  principalId: hasApplication ? servicePrincipal!.id : subject
}

@description('Parameter clientId of infra/main.bicep; empty with managed-identity.')
output clientId string = hasApplication ? application!.appId : ''
@description('Where an administrator consents, if the permission was not granted here; empty with managed-identity.')
output consentUrl string = hasApplication
  ? '${environment().authentication.loginEndpoint}${tenant().tenantId}/adminconsent?client_id=${application!.appId}'
  : ''
