// Refused: BCP
using '../main.bicep'

param environmentName = 'refused'
param maxShrinkPercent = 101
