// Refused: too large to assign to a target for which the maximum allowable value is 29
using '../main.bicep'

param environmentName = 'refused'
param timeBudgetMinutes = 30
