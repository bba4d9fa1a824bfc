// Refused: but the provided value is of type "'password'"
using '../main.bicep'

param environmentName = 'refused'
param credential = 'password'
