// The dashboard: Application Insights, Workbooks, "Rollcall".

@description('Region of the workbook.')
param location string
@description('Tags of the workbook.')
param tags object
@description('Name of the Application Insights component that it reads.')
param componentName string

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, component.id, 'rollcall')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Rollcall'
    category: 'workbook'
    sourceId: component.id
    version: 'Notebook/1.0'
    serializedData: replace(loadTextContent('workbook.json'), '__COMPONENT_ID__', component.id)
  }
}
