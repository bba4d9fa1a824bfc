// Refused: alertEmail must be one mail address
using '../main.bicep'

param environmentName = 'refused'
param alertEmail = 'one,two@contoso.com'
