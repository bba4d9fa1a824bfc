// Refused: immutabilityDays is for a storage account that is made here
using '../main.bicep'

param environmentName = 'refused'
param existingStorageAccountName = 'contosolake'
param immutabilityDays = 10
