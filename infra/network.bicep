// A private network: one subnet for the app, one for the private endpoints, and the names that lead to these.

@description('Region of the network; the app must be in the same.')
param location string
@description('Tags of the resources.')
param tags object
@description('Name of the virtual network.')
param networkName string
@description('Addresses of the network, /24 or more.')
param addressPrefix string
@description('Private DNS zones to make and link, such as the one of blob storage.')
param zoneNames string[]

// The rules that every group has by itself: in from the network, out to anywhere. Many organisations demand a group on each subnet.
resource security 'Microsoft.Network/networkSecurityGroups@2025-05-01' = {
  name: '${networkName}-nsg'
  location: location
  tags: tags
}

resource network 'Microsoft.Network/virtualNetworks@2025-05-01' = {
  name: networkName
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [addressPrefix] }
    subnets: [
      {
        // A name with an underscore is refused by Flex Consumption.
        name: 'app'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 0)
          networkSecurityGroup: { id: security.id }
          delegations: [
            { name: 'flex-consumption', properties: { serviceName: 'Microsoft.App/environments' } }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 27, 2)
          networkSecurityGroup: { id: security.id }
        }
      }
    ]
  }
}

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for name in zoneNames: {
    name: name
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (name, index) in zoneNames: {
    parent: zones[index]
    name: networkName
    location: 'global'
    tags: tags
    properties: {
      registrationEnabled: false
      virtualNetwork: { id: network.id }
    }
  }
]
