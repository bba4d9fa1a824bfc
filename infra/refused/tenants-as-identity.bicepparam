// Refused: for several tenants use certificate, secret or federated
using '../main.bicep'

param environmentName = 'refused'
param tenants = '@tenants.json'
param credential = 'managed-identity'
