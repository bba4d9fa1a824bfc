// Refused: requireSignature needs signingKeyName
using '../main.bicep'

param environmentName = 'refused'
param requireSignature = 'on'
