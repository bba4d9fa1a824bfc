// Refused: too large to assign to a target for which the maximum allowable value is 100
using '../main.bicep'

param environmentName = 'refused'
param maxShrinkPercent = 101
