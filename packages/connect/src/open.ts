// What nearly every command needs, without backup, check and repair.
export { type OpenOptions, openStores } from "./open-stores.ts";
