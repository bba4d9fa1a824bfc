// Refused: Give vaultName or existingVaultName, not both.
using '../main.bicep'

param environmentName = 'refused'
param vaultName = 'one-vault'
param existingVaultName = 'another-vault'
