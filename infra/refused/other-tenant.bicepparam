// Refused: credential managed-identity reads the directory of the subscription only
using '../main.bicep'

param environmentName = 'refused'
param tenantId = '0a0b0c0d-1111-4222-8333-444455556666'
param credential = 'managed-identity'
