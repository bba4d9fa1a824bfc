// Refused: BCP
using '../main.bicep'

param environmentName = 'refused'
param timeBudgetMinutes = 30
