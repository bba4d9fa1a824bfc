// Refused: BCP
using '../main.bicep'

param environmentName = 'refused'
param maximumInstanceCount = 1001
