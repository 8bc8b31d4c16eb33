export {
  type Fault,
  type FaultKind,
  type FaultPlan,
  failBySeed,
  failNth,
} from "./faulty/fault-plan.ts";
export { faultyBlobStore } from "./faulty/faulty-blob-store.ts";
export { faultyCatalog } from "./faulty/faulty-catalog.ts";
export { faultyJournal } from "./faulty/faulty-journal.ts";
