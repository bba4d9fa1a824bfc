// Refused: BCP
using '../main.bicep'

param environmentName = 'refused'
param instanceMemoryMB = 1024
