export { connectErrors } from "./errors.ts";
export { type OpenOptions, openStores, storeFormat } from "./open-stores.ts";
