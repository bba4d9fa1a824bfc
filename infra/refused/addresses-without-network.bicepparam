// Refused: allowedIpAddresses needs privateNetworking
using '../main.bicep'

param environmentName = 'refused'
param allowedIpAddresses = ['203.0.113.7']
