/** What infrastructure, its hooks and its tests know of Rollcall: the only place where they import it. */
export { CLOUDS } from "../src/settings/clouds.ts";
export {
  forTenant,
  readSettings,
  readTenantsSettings,
  SETTING_NAMES,
  SettingsError,
} from "../src/settings/settings.ts";
