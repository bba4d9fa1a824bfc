// Three rules on the summary line, and whom they tell. docs/operate.md shows the same queries, from the same files.
import { roles } from 'roles.bicep'

@description('Region of the rules.')
param location string
@description('Tags of the resources.')
param tags object
@description('Name of the Application Insights component.')
param componentName string
@description('Beginning of the rules\' names.')
param namePrefix string
@description('Who gets a mail; empty for nobody.')
param alertEmail string
@description('Whether there is a webhook.')
param hasWebhook bool
@secure()
@description('Where the common alert schema is posted to; empty for nowhere. It is often a secret in itself.')
param alertWebhookUrl string

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

// Rules without an identity run with the rights of whoever deployed them last, and that person may leave.
resource reader 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-${namePrefix}-alerts'
  location: location
  tags: tags
}

resource readerRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(component.id, reader.id, roles.reader)
  scope: component
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.reader)
    principalId: reader.properties.principalId
    principalType: 'ServicePrincipal'
    description: 'The alert rules read the log.'
  }
}

// Its value is known to nobody before the deployment, so it cannot be refused together with the other parameters.
var webhookUrl = empty(alertWebhookUrl) || startsWith(toLower(alertWebhookUrl), 'https://')
  ? alertWebhookUrl
  : fail('alertWebhookUrl must begin with https://.')
var hasReceiver = !empty(alertEmail) || hasWebhook

resource receivers 'Microsoft.Insights/actionGroups@2023-01-01' = if (hasReceiver) {
  name: 'ag-${namePrefix}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'Rollcall'
    enabled: true
    emailReceivers: empty(alertEmail)
      ? []
      : [{ name: 'mail', emailAddress: alertEmail, useCommonAlertSchema: true }]
    webhookReceivers: !hasWebhook
      ? []
      : [{ name: 'webhook', serviceUri: webhookUrl, useCommonAlertSchema: true }]
  }
}

var actionGroupIds = hasReceiver ? [receivers.id] : []
var once = { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }

resource nightMissing 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: '${namePrefix}-night-missing'
  location: location
  tags: tags
  kind: 'LogAlert'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${reader.id}': {} } }
  properties: {
    displayName: 'Rollcall: no snapshot for 26 hours'
    description: 'No run committed a snapshot in the last 26 hours. Look at the latest summary line, then run "rollcall doctor". The alert resolves itself with the next snapshot.'
    severity: 1
    enabled: true
    scopes: [component.id]
    evaluationFrequency: 'PT1H'
    windowSize: 'P1D'
    // Without it, the 26 hours of the query would be cut to the window.
    overrideQueryTimeRange: 'P2D'
    criteria: {
      allOf: [
        {
          // Ends in one row, or none: never in silence because there are no logs at all.
          query: loadTextContent('queries/night-missing.kql')
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: once
        }
      ]
    }
    autoMitigate: true
    // A component that has no traces yet knows no such table.
    skipQueryValidation: true
    actions: { actionGroups: actionGroupIds }
  }
  dependsOn: [readerRole]
}

resource runFailed 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: '${namePrefix}-run-failed'
  location: location
  tags: tags
  kind: 'LogAlert'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${reader.id}': {} } }
  properties: {
    displayName: 'Rollcall: a run failed'
    description: 'A run published nothing. Look its code up in docs/errors.md. A retry may have mended it.'
    severity: 2
    enabled: true
    scopes: [component.id]
    evaluationFrequency: 'PT1H'
    windowSize: 'PT1H'
    criteria: {
      allOf: [
        {
          query: loadTextContent('queries/run-failed.kql')
          timeAggregation: 'Count'
          dimensions: [{ name: 'code', operator: 'Include', values: ['*'] }]
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: once
        }
      ]
    }
    // A night that failed does not become good again. Its retries are not told again; the next night is: a day of silence would be
    // about as long as the time from night to night, and every second one would pass in it.
    autoMitigate: false
    muteActionsDuration: 'PT6H'
    skipQueryValidation: true
    actions: { actionGroups: actionGroupIds }
  }
  dependsOn: [readerRole]
}

resource runWarned 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: '${namePrefix}-run-warned'
  location: location
  tags: tags
  kind: 'LogAlert'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${reader.id}': {} } }
  properties: {
    displayName: 'Rollcall: a warning'
    description: 'A snapshot is whole, but somebody should see to something, such as a credential that ends soon. docs/errors.md lists the codes.'
    severity: 3
    enabled: true
    scopes: [component.id]
    evaluationFrequency: 'P1D'
    windowSize: 'P1D'
    criteria: {
      allOf: [
        {
          query: loadTextContent('queries/run-warned.kql')
          timeAggregation: 'Count'
          dimensions: [{ name: 'warning', operator: 'Include', values: ['*'] }]
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: once
        }
      ]
    }
    autoMitigate: false
    skipQueryValidation: true
    actions: { actionGroups: actionGroupIds }
  }
  dependsOn: [readerRole]
}
