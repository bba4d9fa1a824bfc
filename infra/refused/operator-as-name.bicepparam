// Refused: operatorPrincipalId must be an object id
using '../main.bicep'

param environmentName = 'refused'
param operatorPrincipalId = 'somebody@contoso.com'
