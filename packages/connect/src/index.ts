export { connectErrors } from "./errors.ts";
export { type OpenOptions, openStores } from "./open-stores.ts";
export { storeFormat } from "./store-folder.ts";
