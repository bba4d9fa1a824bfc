// Where the summary line of each run goes. Nothing can be written with a key, only with an identity.
import { roles } from 'roles.bicep'

@description('Region of the resources.')
param location string
@description('Tags of the resources.')
param tags object
@description('Name of the Log Analytics workspace.')
param workspaceName string
@description('Name of the Application Insights component.')
param componentName string
@description('Days that logs are kept.')
param logRetentionDays int
@description('Id of the Function app\'s identity.')
param identityId string
@description('Object id of the identity that writes telemetry.')
param identityPrincipalId string

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' = {
  name: workspaceName
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: logRetentionDays
    features: {
      disableLocalAuth: true
      enableLogAccessUsingOnlyResourcePermissions: true
    }
    // No daily cap: it could swallow the summary line, and the alert would say that a night is missing.
  }
}

resource component 'Microsoft.Insights/components@2020-02-02' = {
  name: componentName
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    IngestionMode: 'LogAnalytics'
    DisableLocalAuth: true
  }
}

resource telemetryRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(component.id, identityId, roles.monitoringMetricsPublisher)
  scope: component
  properties: {
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.monitoringMetricsPublisher
    )
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    description: 'The Function writes its log.'
  }
}
