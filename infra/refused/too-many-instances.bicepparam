// Refused: too large to assign to a target for which the maximum allowable value is 1000
using '../main.bicep'

param environmentName = 'refused'
param maximumInstanceCount = 1001
