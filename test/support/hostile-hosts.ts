/**
 * URLs that look like this machine or like a host of the global cloud, and are neither. Whatever takes a URL has to
 * refuse all of them, whichever host it expects.
 */
export const HOSTILE_HOSTS: readonly string[] = [
  // The right host is the beginning of a longer one.
  "https://127.0.0.1.evil.example",
  "https://localhost.evil.example",
  "https://contoso.vault.azure.net.evil.example",
  "https://contoso.blob.core.windows.net.evil.example",
  "https://login.microsoftonline.com.evil.example",
  "https://graph.microsoft.com.evil.example",
  // It is the user's name.
  "https://127.0.0.1@evil.example",
  "https://user@127.0.0.1@evil.example",
  "https://contoso.vault.azure.net@evil.example",
  "https://contoso.blob.core.windows.net@evil.example",
  "https://login.microsoftonline.com@evil.example",
  // It comes behind the host.
  "https://evil.example#.vault.azure.net",
  "https://evil.example?.vault.azure.net",
  "https://evil.example/.vault.azure.net",
  "https://evil.example\\.vault.azure.net",
  "https://evil.example/contoso.blob.core.windows.net",
  // It is the end of a name without a dot before it, or the suffix alone.
  "https://evil-localhost",
  "https://notlocalhost",
  "https://contosovault.azure.net",
  "https://contosocore.windows.net",
  "https://vault.azure.net",
  // It is nearly an address of this machine.
  "https://128.0.0.1",
  "https://10.0.0.1",
  "https://[::2]",
  "https://[fe80::1]",
  // It is like no other host.
  "https://graph.evil.example",
];
