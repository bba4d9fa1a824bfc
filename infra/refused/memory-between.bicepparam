// Refused: but the provided value is of type "1024"
using '../main.bicep'

param environmentName = 'refused'
param instanceMemoryMB = 1024
