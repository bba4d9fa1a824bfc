/** What infrastructure, its hooks and its tests know of Rollcall: the only place where they import it. */
export { CLOUDS } from "../src/identity/clouds.ts";
export { isNcrontab } from "../src/ncrontab.ts";
export { readSettings, SETTING_NAMES, SettingsError } from "../src/settings.ts";
