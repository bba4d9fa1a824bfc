// A private address for one service, and its name in the private zone.

@description('Region of the endpoint.')
param location string
@description('Tags of the endpoint.')
param tags object
@description('Name of the endpoint.')
param endpointName string
@description('Id of the service.')
param serviceId string
@description('Which part of the service: blob, queue or vault.')
@allowed(['blob', 'queue', 'vault'])
param part string
@description('Name of the virtual network.')
param networkName string
@description('Private DNS zone that the name goes to.')
param zoneName string

resource network 'Microsoft.Network/virtualNetworks@2025-05-01' existing = {
  name: networkName

  resource endpoints 'subnets' existing = {
    name: 'endpoints'
  }
}

resource endpoint 'Microsoft.Network/privateEndpoints@2025-05-01' = {
  name: endpointName
  location: location
  tags: tags
  properties: {
    subnet: { id: network::endpoints.id }
    privateLinkServiceConnections: [
      { name: part, properties: { privateLinkServiceId: serviceId, groupIds: [part] } }
    ]
  }

  resource names 'privateDnsZoneGroups' = {
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: part
          properties: { privateDnsZoneId: resourceId('Microsoft.Network/privateDnsZones', zoneName) }
        }
      ]
    }
  }
}
