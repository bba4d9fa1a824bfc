// Refused: Give storageAccountName or existingStorageAccountName, not both.
using '../main.bicep'

param environmentName = 'refused'
param storageAccountName = 'oneaccount'
param existingStorageAccountName = 'anotheraccount'
