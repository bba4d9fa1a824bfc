// Refused: BCP
using '../main.bicep'

param environmentName = 'refused'
param credential = 'password'
