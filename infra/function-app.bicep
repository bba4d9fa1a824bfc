// The Function app on Flex Consumption: one timer on one instance at a time and, for several tenants, a queue on many.

@description('Region of the app.')
param location string
@description('Tags of the app.')
param tags object
@description('Name of the plan; a Flex Consumption plan has one app.')
param planName string
@description('Name of the app.')
param appName string
@description('Name of the user-assigned identity.')
param identityName string
@description('Name of the Application Insights component.')
param componentName string
@description('Name of the host storage account.')
param hostStorageName string
@description('URL of its blob service.')
param hostStorageUrl string
@description('Whether the host finds its storage by name, as in the global cloud, or by URL.')
param hostStorageByName bool
@description('URL of its queue service, for several tenants; empty for one.')
param hostQueueUrl string
@description('Container of the deployed package.')
param packageContainerName string
@description('The settings of docs/settings.md by name; an empty one counts as not set.')
param settings object
@description('URL of a proxy; empty for none.')
param httpsProxy string
@description('Hosts that are asked without the proxy.')
param noProxy string
@description('Memory of an instance.')
param instanceMemoryMB int
@description('The most instances.')
param maximumInstanceCount int
@description('Name of the virtual network that the app goes out through; empty for none.')
param networkName string

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

resource network 'Microsoft.Network/virtualNetworks@2025-05-01' existing = {
  name: empty(networkName) ? 'none' : networkName

  resource app 'subnets' existing = {
    name: 'app'
  }
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: appName
  location: location
  // How azd finds the app of the service "rollcall" in azure.yaml.
  tags: union(tags, { 'azd-service-name': 'rollcall' })
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identity.id}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: 'Enabled'
    sshEnabled: false
    keyVaultReferenceIdentity: identity.id
    virtualNetworkSubnetId: empty(networkName) ? null : network::app.id
    siteConfig: {
      ftpsState: 'Disabled'
      http20Enabled: true
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      remoteDebuggingEnabled: false
      // No secret is among them, and no connection string but that of Application Insights, which takes no key and so opens nothing.
      appSettings: concat(
        [
          { name: 'ROLLCALL_TENANT_ID', value: settings.ROLLCALL_TENANT_ID }
          { name: 'ROLLCALL_TENANTS', value: settings.ROLLCALL_TENANTS }
          { name: 'ROLLCALL_CLIENT_ID', value: settings.ROLLCALL_CLIENT_ID }
          { name: 'ROLLCALL_CREDENTIAL', value: settings.ROLLCALL_CREDENTIAL }
          { name: 'ROLLCALL_KEY_VAULT_URL', value: settings.ROLLCALL_KEY_VAULT_URL }
          { name: 'ROLLCALL_CERTIFICATE_NAME', value: settings.ROLLCALL_CERTIFICATE_NAME }
          { name: 'ROLLCALL_SECRET_NAME', value: settings.ROLLCALL_SECRET_NAME }
          { name: 'ROLLCALL_SIGNING_KEY_NAME', value: settings.ROLLCALL_SIGNING_KEY_NAME }
          { name: 'ROLLCALL_REQUIRE_SIGNATURE', value: settings.ROLLCALL_REQUIRE_SIGNATURE }
          { name: 'ROLLCALL_STORAGE', value: settings.ROLLCALL_STORAGE }
          { name: 'ROLLCALL_CONTAINER', value: settings.ROLLCALL_CONTAINER }
          { name: 'ROLLCALL_SCHEDULE', value: settings.ROLLCALL_SCHEDULE }
          { name: 'ROLLCALL_PROPERTIES', value: settings.ROLLCALL_PROPERTIES }
          { name: 'ROLLCALL_CLOUD', value: settings.ROLLCALL_CLOUD }
          { name: 'ROLLCALL_AUTHORITY_HOST', value: settings.ROLLCALL_AUTHORITY_HOST }
          { name: 'ROLLCALL_GRAPH_URL', value: settings.ROLLCALL_GRAPH_URL }
          { name: 'ROLLCALL_LISTING', value: settings.ROLLCALL_LISTING }
          { name: 'ROLLCALL_COUNT', value: settings.ROLLCALL_COUNT }
          { name: 'ROLLCALL_CONCURRENCY', value: settings.ROLLCALL_CONCURRENCY }
          { name: 'ROLLCALL_FORMATS', value: settings.ROLLCALL_FORMATS }
          { name: 'ROLLCALL_CHANGES', value: settings.ROLLCALL_CHANGES }
          { name: 'ROLLCALL_REPORT', value: settings.ROLLCALL_REPORT }
          { name: 'ROLLCALL_MAX_SHRINK_PERCENT', value: settings.ROLLCALL_MAX_SHRINK_PERCENT }
          { name: 'ROLLCALL_KEEP', value: settings.ROLLCALL_KEEP }
          { name: 'ROLLCALL_TIME_BUDGET_MINUTES', value: settings.ROLLCALL_TIME_BUDGET_MINUTES }
          { name: 'HTTPS_PROXY', value: httpsProxy }
          { name: 'NO_PROXY', value: empty(httpsProxy) ? '' : noProxy }
          { name: 'AZURE_CLIENT_ID', value: identity.properties.clientId }
          {
            name: hostStorageByName
              ? 'AzureWebJobsStorage__accountName'
              : 'AzureWebJobsStorage__blobServiceUri'
            value: hostStorageByName ? hostStorageName : hostStorageUrl
          }
          { name: 'AzureWebJobsStorage__credential', value: 'managedidentity' }
          { name: 'AzureWebJobsStorage__clientId', value: identity.properties.clientId }
          { name: 'APPLICATIONINSIGHTS_CONNECTION_STRING', value: component.properties.ConnectionString }
          {
            name: 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING'
            value: 'ClientId=${identity.properties.clientId};Authorization=AAD'
          }
        ],
        // By name the host finds its queues too.
        hostStorageByName || empty(hostQueueUrl)
          ? []
          : [{ name: 'AzureWebJobsStorage__queueServiceUri', value: hostQueueUrl }]
      )
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${hostStorageUrl}/${packageContainerName}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identity.id
          }
        }
      }
      runtime: { name: 'node', version: '24' }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
      }
    }
  }

  // No user name and password: azd, Core Tools and the pipeline publish with a token of Entra.
  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }
}
