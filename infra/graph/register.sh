#!/usr/bin/env bash
# The side of Entra with the Azure CLI: the same as main.bicep beside this file, for those who may not use that. Run it as often
# as you like; what is there already stays. Nothing secret is printed or handed to a process as an argument.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: infra/graph/register.sh --credential KIND [options]

  --credential KIND    certificate, secret, federated or managed-identity, as in infra/main.bicep
  --tenant ID          directory (tenant) id that az must be signed in to (whichever it is)
  --name NAME          unique name of the app registration (rollcall)
  --identity ID        object id of the Function's identity: output IDENTITY_PRINCIPAL_ID (federated, managed-identity)
  --vault NAME         Key Vault that holds the credential: output AZURE_KEY_VAULT_NAME (certificate, secret)
  --object NAME        name of the certificate or secret in it (graph-cert, graph-secret)
  --cloud CLOUD        global, usgov, usgov-dod or china (global)
  --grant              grant User.Read.All too, as a Privileged Role Administrator; managed-identity always does

Sign in first: az login --tenant TENANT --allow-no-subscriptions
TEXT
}

refuse() {
  echo "register.sh: $1" >&2
  exit 2
}

credential='' tenant='' name=rollcall identity='' vault='' object='' cloud=global grant=no
while [ $# -gt 0 ]; do
  case "$1" in
    --help | -h) usage && exit 0 ;;
    --grant) grant=yes && shift && continue ;;
    --credential | --tenant | --name | --identity | --vault | --object | --cloud) [ $# -ge 2 ] || refuse "$1 needs a value" ;;
    *) refuse "there is no $1; --help tells what there is" ;;
  esac
  printf -v "${1#--}" %s "$2"
  shift 2
done

guid='^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
case "$credential" in
  certificate) object=${object:-graph-cert} ;;
  secret) object=${object:-graph-secret} ;;
  federated | managed-identity)
    [[ "$identity" =~ $guid ]] || refuse "--identity must be an object id: the output IDENTITY_PRINCIPAL_ID of infra/main.bicep"
    ;;
  *) refuse "--credential must be certificate, secret, federated or managed-identity" ;;
esac
[[ -z "$tenant" || "$tenant" =~ $guid ]] || refuse "--tenant must be a directory id, a GUID"
[[ "$name" =~ ^[A-Za-z0-9._-]{1,120}$ ]] || refuse "--name must be letters, digits, dots, hyphens and underscores"
case "$cloud" in
  global) authority=https://login.microsoftonline.com graph=https://graph.microsoft.com audience=api://AzureADTokenExchange ;;
  usgov) authority=https://login.microsoftonline.us graph=https://graph.microsoft.us audience=api://AzureADTokenExchangeUSGov ;;
  usgov-dod) authority=https://login.microsoftonline.us graph=https://dod-graph.microsoft.us audience=api://AzureADTokenExchangeUSGov ;;
  china) authority=https://login.partner.microsoftonline.cn graph=https://microsoftgraph.chinacloudapi.cn audience=api://AzureADTokenExchangeChina ;;
  *) refuse "--cloud must be global, usgov, usgov-dod or china" ;;
esac

# The same in every tenant: https://learn.microsoft.com/graph/permissions-reference
graph_app=00000003-0000-0000-c000-000000000000
user_read_all=df021288-bdef-4463-88db-98f22de89214

# What is looked up goes into a variable first, here and below: inside a condition, a look-up that Azure refused would pass for
# "there is none", and something would be made a second time.
get() { az rest --method get --url "$graph/v1.0/$1" --query "$2" --output tsv; }

# Makes what is missing and brings what is there to the given state, by a name of its own (Graph calls it an upsert).
put() {
  az rest --method patch --url "$graph/v1.0/$1" --headers Prefer=create-if-missing Content-Type=application/json --body "$2" --output none
}

# It takes Entra some seconds until all of it knows what was just made. The last try says what is wrong.
patiently() {
  local seconds
  for seconds in 2 4 8; do
    "$@" 2>/dev/null && return
    sleep "$seconds"
  done
  "$@"
}

granted_to() { get "servicePrincipals/$1/appRoleAssignments" "value[?appRoleId=='$user_read_all'].id"; }

# Grants User.Read.All to a service principal, unless it has it.
grant_permission() {
  local holder=$1 resource granted
  resource=$(get "servicePrincipals(appId='$graph_app')" id)
  granted=$(granted_to "$holder")
  if [ -n "$granted" ]; then
    echo "✓ User.Read.All is granted"
    return
  fi
  az rest --method post --url "$graph/v1.0/servicePrincipals/$resource/appRoleAssignedTo" --headers Content-Type=application/json \
    --body "{\"principalId\":\"$holder\",\"resourceId\":\"$resource\",\"appRoleId\":\"$user_read_all\"}" --output none
  echo "✓ User.Read.All is granted now"
}

signed_in=$(az account show --query tenantId --output tsv)
if [ -n "$tenant" ] && [ "$tenant" != "$signed_in" ]; then
  refuse "az is signed in to the directory $signed_in, not to $tenant: az login --tenant $tenant --allow-no-subscriptions"
fi
tenant=$signed_in

if [ "$credential" = managed-identity ]; then
  grant_permission "$identity"
  echo
  echo "Left to do: nothing here. A token that the platform keeps may lack the permission for up to a day if a run came before it."
  exit 0
fi

put "applications(uniqueName='$name')" "{\"displayName\":\"$name\",\"signInAudience\":\"AzureADMyOrg\",\"requiredResourceAccess\":[{\"resourceAppId\":\"$graph_app\",\"resourceAccess\":[{\"id\":\"$user_read_all\",\"type\":\"Role\"}]}]}"
app=$(patiently get "applications(uniqueName='$name')" appId)
echo "✓ app registration $name: $app"
patiently put "servicePrincipals(appId='$app')" "{\"appId\":\"$app\"}"
principal=$(patiently get "servicePrincipals(appId='$app')" id)
echo "✓ service principal"

left=()
case "$credential" in
  federated)
    put "applications(uniqueName='$name')/federatedIdentityCredentials(name='rollcall-identity')" \
      "{\"issuer\":\"$authority/$tenant/v2.0\",\"subject\":\"$identity\",\"audiences\":[\"$audience\"]}"
    echo "✓ federated credential for the identity $identity; it takes some minutes to work"
    ;;
  certificate)
    if [ -z "$vault" ]; then
      left+=("Run this again with --vault once the vault is there (azd provision): it makes the certificate.")
    else
      kept=$(az keyvault certificate list --vault-name "$vault" --query "[?name=='$object'].id" --output tsv)
      if [ -z "$kept" ]; then
        policy=$(az keyvault certificate get-default-policy)
        az keyvault certificate create --vault-name "$vault" --name "$object" --policy "$policy" --output none
      fi
      version=$(az keyvault certificate show --vault-name "$vault" --name "$object" --query id --output tsv)
      # Its version is the credential's name at the app, so that this one is added once and a rotated one later.
      version="$object ${version##*/}"
      known=$(get "applications(uniqueName='$name')" "keyCredentials[?displayName=='$version'].keyId")
      if [ -z "$known" ]; then
        az ad app credential reset --id "$app" --cert "$object" --keyvault "$vault" --append --display-name "$version" --output none
      fi
      echo "✓ certificate $object in $vault, its public half at the app"
    fi
    ;;
  secret)
    kept=''
    if [ -n "$vault" ]; then
      kept=$(az keyvault secret list --vault-name "$vault" --query "[?name=='$object' && attributes.enabled].id" --output tsv)
    fi
    if [ -z "$vault" ]; then
      left+=("Run this again with --vault once the vault is there (azd provision): it makes the secret.")
    elif [ -n "$kept" ]; then
      echo "✓ secret $object in $vault"
    else
      ends=$(date -u -d '+180 days' +%Y-%m-%dT00:00:00Z 2>/dev/null || date -u -v+180d +%Y-%m-%dT00:00:00Z)
      password=$(az ad app credential reset --id "$app" --append --end-date "${ends%%T*}" --query password --output tsv)
      [ -n "$password" ] || { echo "register.sh: Entra gave no secret" >&2 && exit 1; }
      # printf is the shell's own, so the secret is on no disk and in no list of processes.
      az keyvault secret set --vault-name "$vault" --name "$object" --expires "$ends" --encoding utf-8 --output none \
        --file <(printf %s "$password")
      echo "✓ secret $object in $vault until ${ends%%T*}"
    fi
    ;;
esac

granted=$(patiently granted_to "$principal")
if [ "$grant" = yes ]; then
  grant_permission "$principal"
elif [ -n "$granted" ]; then
  echo "✓ User.Read.All is granted"
else
  left+=("A Privileged Role Administrator or Global Administrator opens this page once and accepts:
     $authority/$tenant/adminconsent?client_id=$app")
fi

left+=("Tell the Function its client id:  azd env set ROLLCALL_CLIENT_ID $app && azd provision
     or, without azd, the parameter clientId=$app of infra/main.bicep. Done already? Then nothing is left of this.")
echo
echo "Left to do:"
for step in "${left[@]}"; do echo "  • $step"; done
