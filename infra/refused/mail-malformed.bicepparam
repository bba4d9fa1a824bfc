// Refused: alertEmail must be one mail address
using '../main.bicep'

param environmentName = 'refused'
param alertEmail = 'oncall at contoso.com'
