// Refused: immutabilityDays must not be more than retentionDays
using '../main.bicep'

param environmentName = 'refused'
param retentionDays = 30
param immutabilityDays = 31
